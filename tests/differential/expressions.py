"""Random text in the languages of the rules: mostly right, some of it damaged. Everything comes from the random.Random that is given."""
import datetime
import random
import zoneinfo

# With every kind of change of the clock: none, an hour, half an hour, winter time that is the exception (Dublin), a month's pause of it
# (Casablanca), at midnight (Sao Paulo until 2019, Beirut, Santiago), a whole day left out (Apia), a quarter of an hour off (Chatham).
ZONES = ["UTC", "Europe/Amsterdam", "Europe/London", "Europe/Dublin", "Africa/Casablanca", "America/New_York", "America/Sao_Paulo", "America/Santiago",
         "America/St_Johns", "America/Havana", "America/Nuuk", "Atlantic/Azores", "Asia/Kolkata", "Asia/Beirut", "Asia/Tehran", "Asia/Gaza",
         "Australia/Lord_Howe", "Australia/Adelaide", "Pacific/Chatham", "Pacific/Apia", "Pacific/Kiritimati", "Antarctica/Troll", "Asia/Pyongyang"]
MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"]
DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"]
LONG_MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"]
LONG_DAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]


def any_case(r: random.Random, word: str) -> str:
    return r.choice([word, word, word.lower(), word.upper(), word.capitalize(), word.swapcase()])


def changes(zone: str, first: int = 2005, last: int = 2036) -> list[int]:
    """When the clock of that zone is changed, in Unix seconds."""
    found, info = [], zoneinfo.ZoneInfo(zone)
    offset = lambda t: datetime.datetime.fromtimestamp(t, info).utcoffset()  # noqa: E731
    end, now = (int(datetime.datetime(year, 1, 1, tzinfo=datetime.timezone.utc).timestamp()) for year in (last, first))
    while now < end:
        then = now + 86_400
        if offset(now) != offset(then):
            low, high = now, then
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (middle, high) if offset(middle) == offset(low) else (low, middle)
            found.append(high)
        now = then
    return found


class Starts:
    """Moments to ask from: half of them near a change of the clock."""

    def __init__(self):
        self.known = {zone: changes(zone) for zone in ZONES}

    def any(self, r: random.Random, zone: str) -> int:
        if self.known[zone] and r.random() < 0.5:
            return r.choice(self.known[zone]) + r.choice([-1, 0, 1, r.randint(-4 * 3600, 4 * 3600), r.randint(-40 * 3600, 40 * 3600)])
        if r.random() < 0.1:  # the ends of months
            return int(datetime.datetime(r.randint(2020, 2035), r.randint(1, 12), 1, tzinfo=datetime.timezone.utc).timestamp()) - r.randint(0, 90_000)
        return r.randint(1_262_304_000, 2_051_222_400)


def damaged(r: random.Random, text: str, letters: str) -> str:
    for _ in range(r.randint(1, 2)):
        at = r.randint(0, len(text))
        text = r.choice([lambda: text[:at] + r.choice(letters) + text[at:], lambda: text[:at] + text[at + 1:],
                         lambda: text[:at] + r.choice(letters) + text[at + 1:], lambda: text[:at] + text[at:at + 3] * 2 + text[at + 3:]])()
    return text


class Field:
    def __init__(self, least: int, most: int, names=(), first_name: int = 0):
        self.least, self.most, self.names, self.first_name = least, most, names, first_name

    def number(self, r: random.Random) -> str:
        if r.random() < 0.02:
            return str(r.choice([self.least - 1, self.most + 1, self.most + 2, 0, 60, 99, 100]))
        if self.names and r.random() < 0.35:
            return any_case(r, r.choice(self.names))
        value = str(r.randint(self.least, self.most))
        return "0" + value if r.random() < 0.04 else value

    def ordered(self, r: random.Random) -> tuple[str, str]:
        low, high = sorted(r.randint(self.least, self.most) for _ in range(2))
        if r.random() < 0.1:
            low, high = high, low
        name = lambda value: any_case(r, self.names[value - self.first_name])  # noqa: E731
        if self.names and r.random() < 0.4:
            return name(min(low, self.first_name + len(self.names) - 1)), name(min(high, self.first_name + len(self.names) - 1))
        return str(low), str(high)

    def step(self, r: random.Random) -> str:
        return str(r.choice([1, 1, 2, 2, 3, 4, 5, 6, 7, 10, 12, 15, 20, 23, 24, 29, 30, 31, 59, 60, 61, 0, r.randint(1, 99)]))

    def entry(self, r: random.Random, special=None) -> str:
        kind = r.random()
        if special and kind < 0.3:
            return special(r)
        if kind < 0.5:
            return self.number(r)
        if kind < 0.7:
            return "-".join(self.ordered(r))
        if kind < 0.8:
            return "*/" + self.step(r)
        if kind < 0.88:
            return self.number(r) + "/" + self.step(r)
        if kind < 0.96:
            return "-".join(self.ordered(r)) + "/" + self.step(r)
        return "*"

    def text(self, r: random.Random, special=None, star: float = 0.45) -> str:
        if r.random() < star:
            return r.choice(["*", "*", "*", "*", "*", "?"]) if special else "*"
        return ",".join(self.entry(r, special) for _ in range(r.choice([1, 1, 1, 2, 3, r.randint(1, 5)])))


SECOND, HOUR = Field(0, 59), Field(0, 23)
DATE, MONTH = Field(1, 31), Field(1, 12, MONTHS, 1)
WEEKDAY = Field(0, 6, DAYS, 0)
JAVA_WEEKDAY = Field(1, 7, DAYS, 1)


def blanks(r: random.Random, fields: list[str]) -> str:
    if r.random() < 0.85:
        return " ".join(fields)
    blank = lambda: r.choice([" ", "  ", "\t", " \t "])  # noqa: E731
    return r.choice(["", " "]) + "".join(field + (blank() if i + 1 < len(fields) else "") for i, field in enumerate(fields)) + r.choice(["", " ", "\t"])


def kubernetes(r: random.Random) -> str:
    kind = r.random()
    if kind < 0.03:
        text = r.choice(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly", "@Daily", "@reboot"])
    elif kind < 0.1:
        parts = "".join(r.choice([str(r.randint(0, 99)), f"{r.randint(0, 50)}.{r.randint(0, 99999)}", f".{r.randint(0, 9)}"])
                        + r.choice(["h", "m", "s", "ms", "us", "\u00b5s", "\u03bcs", "ns", "d", ""]) for _ in range(r.randint(1, 3)))
        text = "@every " + r.choice(["", "", "", "-", "+"]) + parts
    else:
        near = r.random() < 0.4  # around the hours in which clocks are changed
        text = blanks(r, [SECOND.text(r, star=0.25), r.choice(["0", "1", "2", "3", "1-3", "23", "*/2"]) if near else HOUR.text(r), DATE.text(r, lambda _: "?"),
                          MONTH.text(r, star=0.7), WEEKDAY.text(r, lambda _: "?", star=0.6)])
    if r.random() < 0.06:
        text = r.choice(["TZ=", "CRON_TZ="]) + r.choice(ZONES + ["", "No/Such", "Local"]) + r.choice([" ", "  ", ""]) + text
    return damaged(r, text, "0123456789*/-,?@LW# \tJx+.") if r.random() < 0.15 else text


def cronexpr(r: random.Random) -> str:
    date_special = lambda s: s.choice(["L", "LW", f"{s.randint(1, 31)}W", "?", "l", "L-3", "W"])  # noqa: E731
    day_special = lambda s: s.choice([f"{s.randint(0, 7)}#{s.randint(1, 5)}", f"{s.randint(0, 7)}L", any_case(s, s.choice(DAYS)) + "L",  # noqa: E731
                                      any_case(s, s.choice(LONG_DAYS)), any_case(s, s.choice(DAYS)) + f"#{s.randint(0, 6)}", "7", "L", "?"])
    month_special = lambda s: any_case(s, s.choice(LONG_MONTHS))  # noqa: E731
    kind = r.random()
    if kind < 0.03:
        text = r.choice(["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@hourly", "@midnight", "@every 1h", "@reboot", "@DAILY"])
    else:
        near = r.random() < 0.4
        hours = r.choice(["0", "1", "2", "3", "1-3", "23", "*/2"]) if near else HOUR.text(r)
        fields = [SECOND.text(r, star=0.25), hours, DATE.text(r, date_special), MONTH.text(r, month_special, star=0.7), WEEKDAY.text(r, day_special, star=0.6)]
        count = r.random()
        if count < 0.35:
            year = Field(2024, 2040).text(r) if r.random() < 0.9 else Field(1965, 2105).text(r)
            fields.append(year)
        if 0.2 < count < 0.35:
            fields.insert(0, SECOND.text(r, star=0.2))
        text = blanks(r, fields)
    return damaged(r, text, "0123456789*/-,?@LW# \tJxlw") if r.random() < 0.15 else text


def elasticsearch(r: random.Random) -> str:
    date_special = lambda s: s.choice(["L", "LW", f"L-{s.randint(0, 32)}", f"L-{s.randint(0, 31)}W", f"{s.randint(1, 31)}W", "?"])  # noqa: E731
    day_special = lambda s: s.choice([f"{s.randint(1, 7)}#{s.randint(0, 6)}", f"{s.randint(1, 7)}L", any_case(s, s.choice(DAYS)) + "L",  # noqa: E731
                                      any_case(s, s.choice(DAYS)) + f"#{s.randint(1, 5)}", "L", "?"])
    by_date = r.random() < 0.5
    dates, days = DATE.text(r, date_special, star=0.2), JAVA_WEEKDAY.text(r, day_special, star=0.2)
    if r.random() < 0.95:
        dates, days = (dates, "?") if by_date else ("?", days)
    fields = [SECOND.text(r, star=0.1), SECOND.text(r, star=0.2), HOUR.text(r), dates, MONTH.text(r, star=0.6), days]
    if r.random() < 0.3:
        fields.append(Field(2020, 2045).text(r) if r.random() < 0.9 else Field(1965, 2130).text(r))
    text = blanks(r, fields)
    return damaged(r, text, "0123456789*/-,?LW# \tJx") if r.random() < 0.15 else text


UNITS = ["year", "month", "fortnight", "week", "day", "hour", "minute", "min", "second", "sec"]


def distance(r: random.Random) -> str:
    number = r.choice([str(r.randint(0, 40)), str(r.randint(0, 999)), r.choice(["last", "this", "next", "third", "fifth", "twelfth", "first"]), ""])
    unit = r.choice(UNITS) + r.choice(["", "", "s"])
    if r.random() < 0.03:
        number, unit = f"{r.randint(0, 99)}.{r.randint(0, 10**r.randint(1, 12))}", r.choice(["seconds", "sec", "s", "day"])
    sign = r.choice(["", "", "", "-", "+", "- ", "+ "]) if number[:1].isdigit() else ""
    gap = r.choice([" ", " ", " ", "", "  "]) if number[-1:].isdigit() else " "
    return any_case(r, (sign + number + gap + unit).strip()) + r.choice([" ago", " ago", "", " hence", " AGO"])


def clock(r: random.Random) -> str:
    hour, minute = r.choice([str(r.randint(0, 23)), f"{r.randint(0, 24):02}"]), f"{r.randint(0, 59):02}"
    kind = r.random()
    if kind < 0.5:
        text = f"{hour}:{minute}" + r.choice(["", "", f":{r.randint(0, 60):02}", f":{r.randint(0, 59):02}.{r.randint(0, 999)}"])
    elif kind < 0.65:
        text = f"{r.randint(0, 13)}" + r.choice(["", f":{minute}"]) + r.choice(["", " "]) + any_case(r, r.choice(["am", "pm", "a.m.", "p.m."]))
    else:
        text = r.choice([hour, f"{r.randint(0, 23):02}{minute}", f"{r.randint(0, 23)}:{minute}"])
    if r.random() < 0.15:
        text += r.choice(["", " "]) + r.choice("+-") + r.choice([str(r.randint(0, 14)), f"{r.randint(0, 14):02}{r.choice(['00', '30', '45'])}",
                                                                f"{r.randint(0, 25):02}:{r.choice(['00', '30'])}"])
    return text


def day(r: random.Random) -> str:
    year, month, number = r.choice([r.randint(1990, 2040), r.randint(0, 99), r.randint(1, 9999)]), r.randint(1, 12), r.randint(1, 31)
    if r.random() < 0.1:
        month, number = r.randint(0, 13), r.randint(0, 32)
    name = any_case(r, r.choice([LONG_MONTHS, MONTHS])[min(max(month, 1), 12) - 1])
    return r.choice([f"{year:04}-{month:02}-{number:02}", f"{year}-{month}-{number}", f"{year:04}{month:02}{number:02}", f"{month}/{number}/{year}", f"{month}/{number}",
                     f"{year:04}/{month}/{number}", f"{number} {name} {year}", f"{number} {name}", f"{name} {number}, {year}", f"{name} {number}", f"{number}-{name}-{year}",
                     f"{name}-{number}-{year}", f"{name} {number} {year}"])


def date(r: random.Random) -> str:
    zone = lambda: r.choice([any_case(r, r.choice(["UTC", "GMT", "Z", "EST", "EDT", "CET", "CEST", "IST", "JST", "BST", "WEST", "NZDT", "SST", "PDT", "A", "M", "Y", "T"])),  # noqa: E731
                             "+0100", "-05:30", "CET DST", "UTC+3", "EST -2", "+02"])
    shift = lambda: any_case(r, r.choice(["yesterday", "today", "now", "tomorrow"]))  # noqa: E731
    weekday = lambda: r.choice(["", "", "next ", "last ", "this ", "third ", "2 "]) + any_case(r, r.choice(r.choice([LONG_DAYS, DAYS, ["Tues", "Wednes", "Thur", "Sat."]]))) + r.choice(["", "", ","])  # noqa: E731
    kind = r.random()
    if kind < 0.4:
        items = [distance(r) for _ in range(r.choice([1, 1, 1, 2, 3]))]
    elif kind < 0.97:
        makers = [lambda: distance(r), lambda: distance(r), lambda: clock(r), lambda: clock(r), lambda: day(r), lambda: day(r), shift, shift, weekday, zone,
                  lambda: str(r.randint(0, 10**r.randint(1, 9)))]
        items = [r.choice(makers)() for _ in range(r.randint(1, 4))]
        if r.random() < 0.2:
            items.insert(r.randint(0, len(items)), r.choice(["(a comment)", "(a (nested) one)", "()", "(open", "-", "of", ",", "DST"]))
        if r.random() < 0.08:
            items = [f"{day(r)}T{clock(r)}"] + items[1:]
    else:
        items = ["@" + r.choice(["", "-", "+"]) + r.choice([str(r.randint(0, 2_000_000_000)), f"{r.randint(0, 10**10)}.{r.randint(0, 10**11)}"])]
    text = r.choice([" ", " ", " ", " ", "", "  "]).join(items)
    if r.random() < 0.05:
        text = f'TZ="{r.choice(ZONES)}" ' + text
    return damaged(r, text, "0123456789+-:/.,@()ZTADP \tagosmdyw") if r.random() < 0.12 else text


def time_value(r: random.Random) -> str:
    number = r.choice([str(r.randint(0, 99)), str(r.randint(0, 10**r.randint(1, 22))), "007", "0", "-1", "-2", "1.5", "", "\u0663", "\uff13\uff10", "-0", "1e3",
                       str(2**63 - 1), str(2**63)])
    unit = r.choice(["d", "h", "m", "s", "ms", "micros", "nanos", "d", "h", "M", "MS", "Micros", "NANOS", "w", "y", "us", "ns", "sec", "days", "", "D", "H", "S", "mS", "Ms"])
    text = r.choice(["", "", "", " ", "+", "-"]) + number + r.choice(["", "", " ", "\t"]) + unit + r.choice(["", "", "", " "])
    return damaged(r, text, "0123456789dhmsMinacro -+.") if r.random() < 0.1 else text


def slm(r: random.Random) -> str:
    """One policy and its snapshots, as rules_driver reads them."""
    unit, now = r.choice([1, 60_000, 3_600_000, 86_400_000]), 1_774_926_000_000 + r.randint(0, 10**9)
    least = r.choice([None, r.randint(1, 8)])
    most = r.choice([None, (least or 1) + r.randint(0, 8)])
    span = r.randint(0, 20)
    expire = r.choice([None, f"{span}" + {1: "ms", 60_000: "m", 3_600_000: "h", 86_400_000: "d"}[unit]])
    states = r.choice([["SUCCESS"], ["SUCCESS", "SUCCESS", "FAILED", "PARTIAL"], ["FAILED", "PARTIAL"], ["SUCCESS", "PARTIAL", "FAILED", "IN_PROGRESS"]])
    snapshots = []
    for i in range(r.choice([0, 1, 2, r.randint(0, 20), r.randint(0, 20)])):
        start = now - span * unit + r.choice([-1, 0, 1]) if r.random() < 0.2 else now - r.randint(-2, 25) * unit - r.choice([0, 0, 1])
        snapshots.append(f"s{i}:{r.choice(states)}:{start}")
    return "\t".join(["-" if value is None else str(value) for value in (expire, least, most)] + [str(now), ",".join(snapshots) or "-"])
