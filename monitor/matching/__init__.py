"""Which person a record belongs to: by a whole ID number, by a repaired one, then by evidence for a worker.

Nothing here guesses. A whole number matches by equality (``exact``); a damaged one only with an equal name and an
agreeing birth date (``repair``); a row without a number is proposed, never linked (``suggesting``), and every
link that is not plain keeps its evidence and can be undone (``links``).
"""
