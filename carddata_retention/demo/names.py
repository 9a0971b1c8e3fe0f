"""Invented people: Japanese and English names as a billing database holds them, and as a card prints them."""

import random
from dataclasses import dataclass

SURNAMES = (
    ("佐藤", "サトウ", "SATO"), ("鈴木", "スズキ", "SUZUKI"), ("高橋", "タカハシ", "TAKAHASHI"),
    ("田中", "タナカ", "TANAKA"), ("伊藤", "イトウ", "ITO"), ("渡辺", "ワタナベ", "WATANABE"),
    ("山本", "ヤマモト", "YAMAMOTO"), ("中村", "ナカムラ", "NAKAMURA"), ("小林", "コバヤシ", "KOBAYASHI"),
    ("加藤", "カトウ", "KATO"), ("吉田", "ヨシダ", "YOSHIDA"), ("山田", "ヤマダ", "YAMADA"),
    ("佐々木", "ササキ", "SASAKI"), ("井上", "イノウエ", "INOUE"), ("木村", "キムラ", "KIMURA"),
    ("清水", "シミズ", "SHIMIZU"), ("斎藤", "サイトウ", "SAITO"), ("阿部", "アベ", "ABE"),
    ("大野", "オオノ", "ONO"), ("本田", "ホンダ", "HONDA"),
)
GIVEN = (
    ("太郎", "タロウ", "TARO"), ("花子", "ハナコ", "HANAKO"), ("健一", "ケンイチ", "KENICHI"),
    ("陽子", "ヨウコ", "YOKO"), ("誠", "マコト", "MAKOTO"), ("美咲", "ミサキ", "MISAKI"),
    ("翔太", "ショウタ", "SHOTA"), ("由美", "ユミ", "YUMI"), ("拓也", "タクヤ", "TAKUYA"),
    ("さくら", "サクラ", "SAKURA"), ("浩", "ヒロシ", "HIROSHI"), ("直美", "ナオミ", "NAOMI"),
    ("大輔", "ダイスケ", "DAISUKE"), ("恵", "メグミ", "MEGUMI"), ("修", "オサム", "OSAMU"),
)
FOREIGN = (
    ("Emily", "Carter"), ("James", "Walker"), ("Sarah", "O'Neill"), ("Daniel", "Hughes"),
    ("Anna", "Müller"), ("Wei", "Zhang"), ("Min-jun", "Kim"), ("Chloé", "Martin"),
)


@dataclass(frozen=True, slots=True)
class Person:
    """A customer: the name on the account, its reading, and the name on the card."""

    name: str
    kana: str | None
    holder: str
    mailbox: str


def person(rng: random.Random) -> Person:
    """One invented customer. Most cards print romanised capitals; a few systems kept the Japanese name."""
    if rng.random() < 0.06:
        first, last = rng.choice(FOREIGN)
        holder = f"{first} {last}" if rng.random() < 0.2 else f"{first} {last}".upper()
        ascii_only = last.encode("ascii", "ignore").decode().replace("'", "")
        return Person(f"{first} {last}", None, holder, ascii_only.lower())
    surname, given = rng.choice(SURNAMES), rng.choice(GIVEN)
    holder = f"{surname[0]} {given[0]}" if rng.random() < 0.04 else f"{given[2]} {surname[2]}"
    return Person(f"{surname[0]} {given[0]}", f"{surname[1]} {given[1]}", holder, surname[2].lower())
