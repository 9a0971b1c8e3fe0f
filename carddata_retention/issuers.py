"""Who issues which numbers, in which lengths, and the check digit: the only place that knows.

Sources: ISO/IEC 7812-1 (check digit), and the ranges that the schemes publish: Visa 4 (13, 16, 19), Mastercard 51-55
and 2221-2720 (16), American Express 34 and 37 (15), Diners 300-305, 3095, 36, 38, 39 (14, 16), Discover 6011, 644-649,
65 (16, 19), JCB 3528-3589 (16, 19) and the old 2131 and 1800 (15), UnionPay 62 (16-19) and 81 (16, 19).
"""

SHORTEST, LONGEST = 13, 19
RANGES = (
    (4000, 4999, (13, 16, 19)),
    (5100, 5599, (16,)),
    (2221, 2720, (16,)),
    (3400, 3499, (15,)),
    (3700, 3799, (15,)),
    (3000, 3059, (14, 16)),
    (3095, 3095, (14, 16)),
    (3600, 3699, (14, 16)),
    (3800, 3999, (14, 16)),
    (6011, 6011, (16, 19)),
    (6440, 6599, (16, 19)),
    (3528, 3589, (16, 19)),
    (2131, 2131, (15,)),
    (1800, 1800, (15,)),
    (6200, 6299, (16, 17, 18, 19)),
    (8100, 8199, (16, 19)),
)
"""First and last prefix of four digits, and the lengths that are issued."""
GROUPS = frozenset({
    (4, 4, 4, 4), (4, 4, 4, 4, 1), (4, 4, 4, 4, 2), (4, 4, 4, 4, 3),
    (4, 6, 5), (4, 6, 4), (6, 13), (4, 4, 4, 1), (4, 3, 3, 3),
})  # fmt: skip
"""How a number is printed in groups: 16 to 19 digits, Amex, Diners, UnionPay of 19, Visa of 13."""

# Published by Adyen, Braintree, PayPal, Stripe and Worldpay in their documentation for testers.
_PUBLISHED = """
    4111111111111111 4242424242424242 4012888888881881 4000056655665556 4222222222222 4000000000000002
    4000000000009995 4000002500003155 4005519200000004 4009348888881881 4012000033330026 4012000077777777
    4217651111111119 4500600000000061 4444333322221111 4911830000000 4917610000000000 4462030000000000
    4917610000000000003 4988438843884305 4166676667666746 4646464646464644 4000620000000007 4000060000000006
    4293189100000008 5555555555554444 5105105105105100 5200828282828210 5454545454545454 5555341244441115
    5100290029002909 5577000055770004 5136333333333335 5585558555855583 2222400070000005 2223003122003222
    2223000048400011 2223520443560010 2222410740360010 2222990905257051 378282246310005 371449635398431
    378734493671000 370000000000002 343434343434343 341134113411347 30569309025904 38520000023237 36006666333344
    36700102000000 36148900647913 36227206271667 6011111111111117 6011000990139424 6011000000000012
    6011601160116611 6445644564456445 6011981111111113 3530111333300000 3566002020360505 3569990010095841
    3566111111111113 3569990000000009 3528000700000000 6200000000000005 6200000000000047 6205500000000000004
    6212345678901265 6212345678901232 6243030000000001 6250946000000016 6250947000000014 8171999927660000
    8171999900000000021
"""
TEST_NUMBERS = frozenset(_PUBLISHED.split())


def lengths_of(prefix: int) -> tuple[int, ...]:
    """The lengths in which numbers that begin with these four digits are issued."""
    return tuple(sorted({n for low, high, lengths in RANGES if low <= prefix <= high for n in lengths}))


def issued(digits: str) -> bool:
    """Whether some issuer has numbers of this length that begin so."""
    return SHORTEST <= len(digits) <= LONGEST and len(digits) in lengths_of(int(digits[:4]))


def luhn(digits: str) -> bool:
    """The check digit of ISO/IEC 7812-1."""
    doubled = (int(d) * 2 - 9 * (int(d) > 4) for d in digits[-2::-2])
    return (sum(int(d) for d in digits[-1::-2]) + sum(doubled)) % 10 == 0
