"""The console: pages for people, served on the operator's listener. `console.console_app` is its way in."""
