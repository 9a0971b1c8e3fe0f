"""Everything of a billing database, and of files beside it, in which card data could stand, read once and lightly.

Read only, in windows by key, each in a transaction of its own: no snapshot is held while a table is walked. What cannot
be read is said; it is never taken for clean. The detector judges; nothing here knows what a card number looks like.
"""
