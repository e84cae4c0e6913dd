"""Whether an installation keeps to the declaration of neutrality, seen in its data and tried with test items.

    folder     a data folder, opened for reading only
    stored     checks of what is stored: N2 to N5, N7
    logged     checks of what is logged: N8 to N12
    outward    checks of what is asked and shown: N6, N7
    checks     the checks by their names in the declaration, and how they are run
    canaries   made-up people and notices, dressed as feed documents
    drill      sends canaries through the real loops, in a folder of its own
    sweep      looks for them in every file, in every way in which they could be written
    papers     the data-protection impact assessment and record of processing, pre-filled

Source: NEUTRALITY sections 3, 3.1 and 5.
"""
