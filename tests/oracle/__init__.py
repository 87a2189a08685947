"""The oracle: an independent recount of the topics' log, from the public contract alone, in exact integers.

It shares no code with the product. `recount.Recount` is the entry. In the order of a message's way: `message` reads
JSON, `decode` makes events, `reading` goes through the log, `touches`, `models` and `ledger` attribute orders and take
refunds, `book` adds up, `windows` knows time, `rules` the configuration, `goals` thresholds; `doubts` says what the log
alone does not decide. `generator`, `journeys` and `corpus` make logs to count. What the product does not count yet stands
behind `features` (rules.py).
"""
