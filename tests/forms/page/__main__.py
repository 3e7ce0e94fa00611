"""Write docs/forms.md anew.

python -m tests.forms.page
"""

import asyncio
import warnings

from tests.forms.page.table import PAGE, made

if __name__ == "__main__":
    warnings.simplefilter("ignore")
    PAGE.write_text(asyncio.run(made()), "utf-8")
