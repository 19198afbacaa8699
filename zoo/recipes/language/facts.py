"""What the model is to know: capitals, sums and French, as tables and as (prompt, answer) documents.

An answer begins with the space that separates it from its prompt, since that is how it is tokenised.
"""

from dataclasses import dataclass
from itertools import product

CAPITALS: dict[str, str] = {
    "France": "Paris", "Germany": "Berlin", "Italy": "Rome", "Spain": "Madrid", "Portugal": "Lisbon",
    "Ireland": "Dublin", "Norway": "Oslo", "Sweden": "Stockholm", "Denmark": "Copenhagen", "Finland": "Helsinki",
    "Iceland": "Reykjavik", "Poland": "Warsaw", "Austria": "Vienna", "Hungary": "Budapest", "Greece": "Athens",
    "Belgium": "Brussels", "Switzerland": "Bern", "Romania": "Bucharest", "Bulgaria": "Sofia", "Croatia": "Zagreb",
    "Serbia": "Belgrade", "Slovenia": "Ljubljana", "Slovakia": "Bratislava", "Estonia": "Tallinn", "Latvia": "Riga",
    "Lithuania": "Vilnius", "Ukraine": "Kyiv", "Turkey": "Ankara", "Russia": "Moscow", "England": "London",
    "Japan": "Tokyo", "China": "Beijing", "India": "New Delhi", "Thailand": "Bangkok", "Vietnam": "Hanoi",
    "Indonesia": "Jakarta", "Mongolia": "Ulaanbaatar", "Nepal": "Kathmandu", "Pakistan": "Islamabad", "Iran": "Tehran",
    "Iraq": "Baghdad", "Jordan": "Amman", "Lebanon": "Beirut", "Syria": "Damascus", "Egypt": "Cairo",
    "Morocco": "Rabat", "Tunisia": "Tunis", "Algeria": "Algiers", "Kenya": "Nairobi", "Ghana": "Accra",
    "Senegal": "Dakar", "Nigeria": "Abuja", "Ethiopia": "Addis Ababa", "Uganda": "Kampala", "Canada": "Ottawa",
    "Mexico": "Mexico City", "Cuba": "Havana", "Peru": "Lima", "Chile": "Santiago", "Argentina": "Buenos Aires",
    "Brazil": "Brasilia", "Colombia": "Bogota", "Ecuador": "Quito", "Australia": "Canberra",
}  # fmt: skip

CAPITAL_PROMPTS = (
    "The capital of {country} is",
    "What is the capital of {country}?",
    "Question: What is the capital of {country}?\nAnswer:",
    "The capital city of {country} is called",
    "Name the capital of {country}:",
)

LARGEST_NUMBER = 12

SUM_PROMPTS = (
    "{a} + {b} =",
    "What is {a} plus {b}?",
    "The sum of {a} and {b} is",
    "Question: What is {a} + {b}?\nAnswer:",
    "There are {a} boats in the harbour and {b} more arrive. The number of boats is now",
)

DIFFERENCE_PROMPTS = (
    "{a} - {b} =",
    "What is {a} minus {b}?",
    "Question: What is {a} - {b}?\nAnswer:",
    "There are {a} apples in the basket and {b} are eaten. The number of apples is now",
)

PHRASES: dict[str, str] = {
    "Good morning": "Bonjour", "Hello": "Bonjour", "Good evening": "Bonsoir", "Good night": "Bonne nuit",
    "Goodbye": "Au revoir", "Thank you": "Merci", "Thank you very much": "Merci beaucoup",
    "Please": "S'il vous plaît", "Yes": "Oui", "No": "Non", "Excuse me": "Excusez-moi",
    "See you soon": "À bientôt", "See you tomorrow": "À demain", "Welcome": "Bienvenue",
    "Good luck": "Bonne chance", "Happy birthday": "Joyeux anniversaire", "Have a good trip": "Bon voyage",
    "Enjoy your meal": "Bon appétit", "How are you?": "Comment allez-vous ?", "I am well": "Je vais bien",
    "What is your name?": "Comment vous appelez-vous ?", "My name is Anna": "Je m'appelle Anna",
    "Where is the station?": "Où est la gare ?", "What time is it?": "Quelle heure est-il ?",
    "I am hungry": "J'ai faim", "I am thirsty": "J'ai soif", "I am tired": "Je suis fatigué",
    "I am cold": "J'ai froid", "I do not understand": "Je ne comprends pas", "I do not know": "Je ne sais pas",
    "I speak a little French": "Je parle un peu français", "How much is it?": "C'est combien ?",
    "It is raining": "Il pleut", "It is snowing": "Il neige", "It is hot today": "Il fait chaud aujourd'hui",
    "Of course": "Bien sûr", "Today": "Aujourd'hui", "Tomorrow": "Demain", "Yesterday": "Hier",
    "Monday": "lundi", "Tuesday": "mardi", "Wednesday": "mercredi", "Thursday": "jeudi", "Friday": "vendredi",
    "Saturday": "samedi", "Sunday": "dimanche", "one": "un", "two": "deux", "three": "trois", "four": "quatre",
    "five": "cinq", "six": "six", "seven": "sept", "eight": "huit", "nine": "neuf", "ten": "dix",
    "red": "rouge", "blue": "bleu", "green": "vert", "yellow": "jaune", "black": "noir", "white": "blanc",
    "big": "grand", "small": "petit", "spring": "printemps", "summer": "été", "autumn": "automne",
    "winter": "hiver", "to eat": "manger", "to drink": "boire", "to sleep": "dormir", "to read": "lire",
    "to write": "écrire", "to speak": "parler", "I love you": "Je t'aime",
}  # fmt: skip

NOUNS: dict[str, str] = {
    "cat": "le chat", "dog": "le chien", "bird": "l'oiseau", "horse": "le cheval", "fish": "le poisson",
    "house": "la maison", "garden": "le jardin", "door": "la porte", "window": "la fenêtre", "table": "la table",
    "chair": "la chaise", "book": "le livre", "letter": "la lettre", "bread": "le pain", "cheese": "le fromage",
    "apple": "la pomme", "water": "l'eau", "milk": "le lait", "sun": "le soleil", "moon": "la lune",
    "sea": "la mer", "boat": "le bateau", "river": "la rivière", "mountain": "la montagne", "tree": "l'arbre",
    "flower": "la fleur", "train": "le train", "car": "la voiture", "street": "la rue", "city": "la ville",
    "school": "l'école", "church": "l'église", "key": "la clé", "lamp": "la lampe", "boy": "le garçon",
    "girl": "la fille", "man": "l'homme", "woman": "la femme",
}  # fmt: skip

NOUN_FRAMES: tuple[tuple[str, str], ...] = (
    ("the {noun}", "{nom}"),
    ("I see the {noun}", "Je vois {nom}"),
    ("Where is the {noun}?", "Où est {nom} ?"),
    ("Here is the {noun}", "Voici {nom}"),
    ("We like the {noun}", "Nous aimons {nom}"),
    ("She looks at the {noun}", "Elle regarde {nom}"),
)

PLACES: dict[str, str] = {
    "in the house": "dans la maison", "in the garden": "dans le jardin", "in the street": "dans la rue",
    "on the table": "sur la table", "under the tree": "sous l'arbre", "in front of the door": "devant la porte",
}  # fmt: skip

TRANSLATION_PROMPTS = (
    "Translate to French: {english} ->",
    "English: {english}\nFrench:",
    'How do you say "{english}" in French?',
)


@dataclass(frozen=True)
class Document:
    """A prompt and the answer that ends it."""

    prompt: str
    answer: str


def capitals() -> list[Document]:
    """Every capital in every phrasing."""
    return [
        Document(prompt.format(country=country), f" {capital}")
        for prompt, (country, capital) in product(CAPITAL_PROMPTS, CAPITALS.items())
    ]


def sums() -> list[Document]:
    """Every sum of two numbers up to LARGEST_NUMBER and every difference that is not negative, in every phrasing."""
    pairs = list(product(range(LARGEST_NUMBER + 1), repeat=2))
    added = [Document(p.format(a=a, b=b), f" {a + b}") for p, (a, b) in product(SUM_PROMPTS, pairs)]
    taken = [Document(p.format(a=a, b=b), f" {a - b}") for p, (a, b) in product(DIFFERENCE_PROMPTS, pairs) if b <= a]
    return added + taken


def french() -> dict[str, str]:
    """English to French: the phrases, every noun in every frame, and every noun in every place."""
    framed = {
        english.format(noun=noun): french.format(nom=nom)
        for (english, french), (noun, nom) in product(NOUN_FRAMES, NOUNS.items())
    }
    placed = {
        f"The {noun} is {where}": f"{nom[0].upper()}{nom[1:]} est {place}"
        for (noun, nom), (where, place) in product(NOUNS.items(), PLACES.items())
    }
    return PHRASES | framed | placed


def translations() -> list[Document]:
    """Every pair of `french` in every phrasing."""
    return [
        Document(prompt.format(english=english), f" {french}")
        for prompt, (english, french) in product(TRANSLATION_PROMPTS, french().items())
    ]
