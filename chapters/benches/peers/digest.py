"""What a digest costs CPython: `digest.py NUMBER` prints the processor seconds for so many."""

import sys
import time
from hashlib import sha3_512

number = int(sys.argv[1])
begin = time.process_time()
for _ in range(number):
    sha3_512(b"").digest()
print(time.process_time() - begin)
