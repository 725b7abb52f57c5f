"""India's goods and services tax: its states, and the numbers of those who are registered for it."""

from collections.abc import Mapping

LENGTH = 15
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

STATES: Mapping[str, str] = {
    "01": "Jammu and Kashmir",
    "02": "Himachal Pradesh",
    "03": "Punjab",
    "04": "Chandigarh",
    "05": "Uttarakhand",
    "06": "Haryana",
    "07": "Delhi",
    "08": "Rajasthan",
    "09": "Uttar Pradesh",
    "10": "Bihar",
    "11": "Sikkim",
    "12": "Arunachal Pradesh",
    "13": "Nagaland",
    "14": "Manipur",
    "15": "Mizoram",
    "16": "Tripura",
    "17": "Meghalaya",
    "18": "Assam",
    "19": "West Bengal",
    "20": "Jharkhand",
    "21": "Odisha",
    "22": "Chhattisgarh",
    "23": "Madhya Pradesh",
    "24": "Gujarat",
    "26": "Dadra and Nagar Haveli and Daman and Diu",
    "27": "Maharashtra",
    "29": "Karnataka",
    "30": "Goa",
    "31": "Lakshadweep",
    "32": "Kerala",
    "33": "Tamil Nadu",
    "34": "Puducherry",
    "35": "Andaman and Nicobar Islands",
    "36": "Telangana",
    "37": "Andhra Pradesh",
    "38": "Ladakh",
    "97": "Other Territory",
}
"""By their codes, as a GSTIN begins with them. 25 went into 26 in 2020, and 28 into 36 and 37 before there was a GST:
https://learn.quicko.com/list-of-state-codes-under-gst and https://zoho.com/in/books/kb/gst/valid-state-codes-list.html.
"""

WITHOUT_LEGISLATURE = frozenset({"04", "26", "31", "35", "38", "97"})
"""Union territories, whose half of the tax is the UTGST (UTGST Act, 2017); that of the others is the SGST."""


def shown_state(code: str) -> str:
    """`Maharashtra (27)`"""
    return f"{STATES[code]} ({code})"


def is_gstin(text: str) -> bool:
    """Fifteen capital letters and digits, of which the first two are a state's code and the last checks the others."""
    if len(text) != LENGTH or not set(text) <= set(DIGITS) or text[:2] not in STATES:
        return False
    return check_digit(text[:-1]) == text[-1]


def check_digit(first: str) -> str:
    """Of a GSTIN's first fourteen. Each is worth its place in `DIGITS`, every second one twice that; the two digits of
    each product to the base 36 are added up; the check digit makes the sum a multiple of 36. This is Luhn's algorithm
    modulo 36, as https://www.insufina.in/2022/09/06/what-is-check-sum-digit/ shows it with a number of its own.
    """
    total = 0
    for place, letter in enumerate(first):
        quotient, rest = divmod(DIGITS.index(letter) * (1 + place % 2), len(DIGITS))
        total += quotient + rest
    return DIGITS[-total % len(DIGITS)]
