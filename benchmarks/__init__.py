"""How fast a purge is, held against SQL written by hand on the same data. Outside the wheel; see README.md.

Every contender removes the same rows from its own copy of one seeded database, in its own process, and afterwards the
rows that are left are compared. Timings decide nothing here: they are printed, and people judge them.
"""
