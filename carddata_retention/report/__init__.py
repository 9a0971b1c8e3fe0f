"""The report: one frozen `Night` told to people as HTML and to scripts as JSON, the same numbers in both."""
