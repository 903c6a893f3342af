"""Reports: what a page says once its furniture is gone, when it was published, and whom it may be about.

Nothing here looks at a site: pages are read by the features that pages of one language share.
"""
