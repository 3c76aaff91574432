"""Planning: how far a key can be moved before a goal is missed, and how many copies of a stack a host holds.

goals.py reads goals and judges runs; saturation.py says which resource is busiest; points.py runs one value until its verdict is known;
searching.py finds the value; curve.py picks the knee; capacity.py puts it together, and printing.py prints it.
Read first: docs/cutaway/capacity.md.
"""
