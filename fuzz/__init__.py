"""`make fuzz`: every parser of foreign bytes is given bytes that it never saw, guided by what they make it do."""
