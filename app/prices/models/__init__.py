from .price_line import Measure, PriceLine, Term
from .price_list import Clash, PriceList, Unclear
from .pricing import Priced, Unpriced, price_of, price_table, prices_of

__all__ = [
    "Clash",
    "Measure",
    "PriceLine",
    "PriceList",
    "Priced",
    "Term",
    "Unclear",
    "Unpriced",
    "price_of",
    "price_table",
    "prices_of",
]
