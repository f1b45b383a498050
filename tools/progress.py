"""Show pip's work in one line that is written anew: which of how many parts it is at."""

import sys

seen = 0
for line in sys.stdin:
    words = line.split()
    if words[:1] in (["Collecting"], ["Requirement"]):
        seen += 1
        name = words[1] if words[0] == "Collecting" else words[3]
        print(f"\r  {seen:3}  {name.split('==')[0]:40.40}", end="", flush=True)
    elif words[:2] == ["Installing", "collected"]:
        print(f"\r  {seen:3}  unpacking ...{'':28}", end="", flush=True)
    elif line.startswith("ERROR"):
        print(f"\n{line}", end="", flush=True)
print(f"\r  {seen:3}  parts are there.{'':30}")
