"""What a notification says: short, in English or Hindi, and never another person's name."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from contracts.rpc.auth import Locale
from services.notify.domain import Kind

LONGEST_NAME = 80
"""Characters of a style's or an achievement's name: FCM takes 4,096 bytes in all."""
Data = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    body: str


@dataclass(frozen=True, slots=True)
class Template:
    """`full` is the body where all that it names is known, `plain` where something is missing.

    `withheld` is what is added to `plain` when there was no prize, by the reason.
    """

    title: str
    full: str
    plain: str
    withheld: Mapping[str, str] = field(default_factory=dict)


TEMPLATES: Mapping[Locale, Mapping[Kind, Template]] = {
    "en": {
        "creation_liked": Template("New likes", "{people} people like your picture", "Someone likes your picture"),
        "battle_started": Template("Battle started", "", "Your picture is in a battle now. Voting has begun!"),
        "battle_ending": Template("Battle ending soon", "", "Your battle ends within the hour."),
        "battle_won": Template(
            "You won a battle!",
            "Your picture has won, and you got {prize} credits.",
            "Your picture has won.",
            {
                "too_few_votes": "It had too few votes for a prize.",
                "too_close": "It was too close for a prize.",
                "daily_limit": "You have had all your prizes of today.",
            },
        ),
        "credits_low": Template(
            "Credits running low", "You have {balance} credits left.", "You have few credits left."
        ),
        "new_style": Template("New style", "Try {style_name} on a picture of yours.", "There is a new style to try."),
        "achievement": Template(
            "Achievement unlocked", "You have earned “{name}”.", "You have earned a new achievement."
        ),
    },
    "hi": {
        "creation_liked": Template("नई पसंद", "{people} लोगों को आपकी तस्वीर पसंद आई", "किसी को आपकी तस्वीर पसंद आई"),
        "battle_started": Template("मुक़ाबला शुरू", "", "आपकी तस्वीर एक मुक़ाबले में है। वोटिंग शुरू हो गई है!"),
        "battle_ending": Template("मुक़ाबला ख़त्म होने वाला है", "", "आपका मुक़ाबला एक घंटे के भीतर ख़त्म होगा।"),
        "battle_won": Template(
            "आप मुक़ाबला जीत गए!",
            "आपकी तस्वीर जीत गई और आपको {prize} क्रेडिट मिले।",
            "आपकी तस्वीर जीत गई।",
            {
                "too_few_votes": "इनाम के लिए वोट बहुत कम थे।",
                "too_close": "इनाम के लिए बढ़त बहुत कम थी।",
                "daily_limit": "आज के सभी इनाम आपको मिल चुके हैं।",
            },
        ),
        "credits_low": Template("क्रेडिट कम हो रहे हैं", "आपके पास {balance} क्रेडिट बचे हैं।", "आपके पास कम क्रेडिट बचे हैं।"),
        "new_style": Template("नया स्टाइल", "अपनी किसी तस्वीर पर {style_name} आज़माएँ।", "एक नया स्टाइल आया है, आज़माएँ।"),
        "achievement": Template("नई उपलब्धि", "आपने “{name}” हासिल किया है।", "आपने एक नई उपलब्धि हासिल की है।"),
    },
}


def words_of(kind: Kind, data: Data, locale: Locale) -> Words:
    found = TEMPLATES[locale][kind]
    known = {name: value[:LONGEST_NAME] for name, value in data.items() if value}
    if known.get("people") == "1":
        del known["people"]
    try:
        body = found.full.format_map(known)
    except KeyError:
        body = ""
    why = found.withheld.get(data.get("prize_withheld", ""))
    return Words(found.title, body or (f"{found.plain} {why}" if why else found.plain))
