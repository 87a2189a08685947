"""The oracle: an independent recount of the topics' log, from the public contract alone, in exact integers.

It shares no code with the product. `recount.recount` is the entry; `decode` reads one message, `rules` the
configuration, `windows` time, `goals` thresholds. `generator` and `corpus` make logs to count.
"""
