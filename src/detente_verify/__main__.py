"""`python -m detente_verify BUNDLE`."""

import sys

from detente_verify import main

sys.exit(main())
