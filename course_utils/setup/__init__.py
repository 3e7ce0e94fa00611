"""What opens the course on a machine: the doctor, your copy, a folder for the road.

`start.py` runs these files by their paths, before any package is there.
"""
