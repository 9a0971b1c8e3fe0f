"""`python -m carddata_retention.cli`, for whoever has no command on the path."""

from carddata_retention.cli import main

main()
