"""Small Python functions: (signature, what it does, body) and the documents made of them."""

from facts import Document

FUNCTIONS: tuple[tuple[str, str, str], ...] = (
    ("fibonacci(n)", "Return the n-th Fibonacci number, counting from zero, by adding the two numbers before it.",
     "if n < 2:\n    return n\nreturn fibonacci(n - 1) + fibonacci(n - 2)"),
    ("factorial(n)", "Return the product of all whole numbers from one to n; the factorial of zero is one.",
     "if n == 0:\n    return 1\nreturn n * factorial(n - 1)"),
    ("gcd(a, b)", "Return the greatest common divisor of two whole numbers, found as Euclid did: "
     "replace the larger number by the remainder until nothing remains.",
     "while b:\n    a, b = b, a % b\nreturn a"),
    ("lcm(a, b)", "Return the least common multiple of two whole numbers.", "return a * b // gcd(a, b)"),
    ("is_even(n)", "Return whether a whole number can be divided by two.", "return n % 2 == 0"),
    ("is_odd(n)", "Return whether a whole number leaves a remainder when divided by two.", "return n % 2 == 1"),
    ("is_prime(n)", "Return whether a whole number has no divisor other than one and itself.",
     "if n < 2:\n    return False\nfor i in range(2, n):\n    if n % i == 0:\n        return False\nreturn True"),
    ("reverse(text)", "Return the letters of a text in the opposite order.", "return text[::-1]"),
    ("is_palindrome(text)", "Return whether a text reads the same forwards and backwards.",
     "return text == text[::-1]"),
    ("add(a, b)", "Return the sum of two numbers.", "return a + b"),
    ("subtract(a, b)", "Return the first number less the second.", "return a - b"),
    ("multiply(a, b)", "Return the product of two numbers.", "return a * b"),
    ("divide(a, b)", "Return the first number divided by the second.", "return a / b"),
    ("square(x)", "Return a number multiplied by itself.", "return x * x"),
    ("cube(x)", "Return a number multiplied by itself twice.", "return x * x * x"),
    ("power(x, n)", "Return a number multiplied by itself n times.",
     "result = 1\nfor i in range(n):\n    result = result * x\nreturn result"),
    ("absolute(x)", "Return a number without its sign.", "if x < 0:\n    return -x\nreturn x"),
    ("maximum(a, b)", "Return the larger of two numbers.", "if a > b:\n    return a\nreturn b"),
    ("minimum(a, b)", "Return the smaller of two numbers.", "if a < b:\n    return a\nreturn b"),
    ("largest(values)", "Return the largest value of a list, looking at each of them once.",
     "best = values[0]\nfor value in values:\n    if value > best:\n        best = value\nreturn best"),
    ("total(values)", "Return the sum of all the values of a list.",
     "result = 0\nfor value in values:\n    result = result + value\nreturn result"),
    ("mean(values)", "Return the average of the values of a list.", "return sum(values) / len(values)"),
    ("count_vowels(text)", "Return how many letters of a text are vowels.",
     "count = 0\nfor letter in text:\n    if letter in \"aeiou\":\n        count = count + 1\nreturn count"),
    ("count_words(text)", "Return how many words a text has.", "return len(text.split())"),
    ("greet(name)", "Return a greeting for someone.", "return \"Hello, \" + name"),
    ("first(values)", "Return the first value of a list.", "return values[0]"),
    ("last(values)", "Return the last value of a list.", "return values[-1]"),
    ("is_empty(values)", "Return whether a list has no values.", "return len(values) == 0"),
    ("swap(a, b)", "Return two values in the opposite order.", "return b, a"),
    ("celsius_to_fahrenheit(c)", "Return a temperature in degrees Fahrenheit.", "return c * 9 / 5 + 32"),
    ("fahrenheit_to_celsius(f)", "Return a temperature in degrees Celsius.", "return (f - 32) * 5 / 9"),
    ("circle_area(r)", "Return the area of a circle from its radius.", "return 3.14159 * r * r"),
    ("rectangle_area(a, b)", "Return the area of a rectangle from its two sides.", "return a * b"),
    ("hypotenuse(a, b)", "Return the longest side of a triangle with a right angle.",
     "return (a * a + b * b) ** 0.5"),
    ("countdown(n)", "Print the numbers from n down to one.", "while n > 0:\n    print(n)\n    n = n - 1"),
    ("unique(values)", "Return the values of a list without repeating any of them.",
     "seen = []\nfor value in values:\n    if value not in seen:\n        seen.append(value)\nreturn seen"),
)  # fmt: skip


def indented(body: str) -> str:
    """A function's body, four spaces to the right."""
    return "\n".join(f"    {line}" for line in body.split("\n"))


def functions() -> list[Document]:
    """Every function after its bare signature, after a comment, and after a docstring."""
    return [
        Document(prompt, indented(body))
        for signature, purpose, body in FUNCTIONS
        for prompt in (
            f"def {signature}:\n",
            f"# {purpose}\ndef {signature}:\n",
            f'def {signature}:\n    """{purpose}"""\n',
        )
    ]
