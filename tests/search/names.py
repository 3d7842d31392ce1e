"""Names as people have them, and the slips of whoever types them; the same every time."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from string import ascii_lowercase

FIRST = """
Aaltje Abigail Adèle Adriano Agnieszka Ailbhe Aisling Alejandra Alessandro Alžběta Amélie Anaïs Anders Aneta Anja
Annelies Antónia Ariadne Arnaud Åsa Astrid Aurélien Bartłomiej Beatriz Benedikt Bengt Bérénice Birgitta Björn Bogdan
Brigitte Caoimhe Carlota Cátia Cecília Chantal Christos Ciarán Clémence Conceição Cosimo Dagmar Damien Danuta Débora
Dimitrios Dirk Domhnall Dragana Edith Eglantine Eino Eleftheria Eloïse Emeka Emília Endre Esmeralda Étienne Eulália
Fabrizio Félicité Fernão Fiona Florian Francesca Frédérique Friederike Gaël Geneviève Geraldine Gerrit Ghislaine
Gianluca Gonçalo Grzegorz Guðrún Guillermo Gunnar Gwendolyn Hannelore Haruka Heiðrún Heloísa Henrietta Hermione
Hildegard Hiroshi Ignacio Ingeborg Iñaki Ioana Isidora Jacqueline Jadwiga Jeanne Jérôme Jiří Joaquim Jolanta Jörg
Josefine Jürgen Kaisa Karel Katarzyna Kateřina Kerttu Klára Konstantin Krzysztof Laoise Lars Laurence Leopold Liisa
Lorenzo Lubomír Lucía Ludovic Lütfi Maëva Magdalena Malgorzata Marcelina Margarethe Mariusz Matthieu Mélanie Mireia
Morten Nathaniel Nicolás Niamh Noémie Nuno Octávio Oddvar Olivier Ondřej Orlaith Ottilie Pádraig Paraskevi Pascaline
Penélope Philippa Piotr Quentin Radosław Rasmus Régine Reinhard Rosário Ruairí Ruth Sabine Salvatore Saoirse
Sébastien Séverine Siegfried Sigurd Sjoerd Sławomir Solveig Stéphane Svetlana Tadeusz Tereza Théodore Thorsten
Timothée Tómas Ulrike Umberto Urszula Václav Valentín Vasiliki Véronique Vigdís Violeta Walburga Wenceslas
Wilhelmina Władysław Xavier Yannick Yolande Yvonne Zacharie Zdeněk Zbigniew Zoë
"""
LAST = """
Abramowicz Achterberg Adelsköld Aguirre Ahlgren Albuquerque Almeida Ambrosini Andreassen Antoniou Arbuthnot
Arnaldsson Atkinson Aubertin Bachmann Badstuber Balázs Barańska Barraclough Bartolomeo Beauchamp Beckenbauer
Bellweather Benedetti Berggren Bianchini Bittencourt Blankenship Blomqvist Bonnefoy Bosschaert Bouchard Braithwaite
Brzezicki Buonarroti Cabral Calderón Campanella Carmichael Castelnuovo Cavanagh Černý Chalmers Charpentier
Chmielewski Christodoulou Cieślak Colquhoun Constantinescu Cordeiro Coutinho Czajkowska Dahlström Damasceno
Davenport Delacroix Delgado Demetriou Desrosiers Dietrich Dobrowolska Drummond Dubrovnik Duquesne Dvořáková
Eberhardt Echeverría Eichendorff Ekström Elphinstone Engelbrecht Escobar Etxeberria Fairweather Falkenberg
Farquharson Fernandes Feuerbach Fitzgerald Fontaine Forsberg Franceschini Friedrichsen Gagliardi Galbraith Gallagher
Garibaldi Gautreaux Georgiou Gerhardsen Giannopoulos Gillespie Gołębiewski Gonzaga Gravenhorst Grünewald Guimarães
Gustafsson Haavisto Hallgrímsson Hammarberg Hartigan Haugland Heidenreich Henriksen Hernández Hochstetter
Hollingsworth Horváthová Huddleston Huygens Iglesias Ilmarinen Ingebrigtsen Innocenti Iversen Jabłoński Jankovská
Jaroszewicz Jefferies Johannesen Jónsdóttir Kaczmarek Kallström Karamanlis Karjalainen Katsaros Kavanagh
Kettleborough Kirkegaard Klimowicz Kobayashi Kołodziej Korhonen Kovařík Kowalczyk Kristoffersen Kuusisto Lachapelle
Lagerlöf Lamarque Langenscheidt Larrañaga Laurentius Leclerc Leszczyński Liljeström Lindenbaum Lombardini Löwenstein
Lukaszewicz MacAllister Macedo Magalhães Malinowski Marchetti Mascarenhas Mäkelä Mazurkiewicz McGillicuddy
Meierhofer Mendonça Metternich Michaelides Mikkelsen Montgomery Morgenstern Mühlbauer Nakagawa Napierała Nascimento
Neuhaus Nieminen Nørgaard Novotný Nussbaum Oberlander Ochiai O’Callaghan O’Dwyer Okonkwo Olszewska Oppenheimer
Ostrowski Øvergaard Pacheco Palomares Papadopoulos Paszkiewicz Pellegrini Penhaligon Perreault Pietrzak Pinheiro
Podolski Prendergast Przybylski Quagliarella Quintanilha Rademacher Rasmussen Ravensworth Rebelo Reichenbach
Rodrigues Rosenkrantz Rothschild Rouvroy Rzepecka Saavedra Salgueiro Sandström Santorelli Schellenberg Schönborn
Schwarzenegger Sepúlveda Sinclair Skarsgård Söderberg Sørensen Stanisławska Steinberger Strindberg Süßkind
Szczepański Tagliaferri Takahashi Teixeira Thibodeaux Thorvaldsen Tomaszewski Trevelyan Truchanowicz Turnbull Uggla
Vandenberghe Vasconcelos Velázquez Verbruggen Villeneuve Vlahopoulou Waldemarsson Wawrzyniak Weatherby Westergaard
Whittington Wierzbicki Winterbottom Wolstenholme Wróblewski Yamashita Ylönen Zabłocki Zawadzki Zimmermann
Zubizarreta Zwierzyński
"""


def full_names(count: int) -> list[str]:
    """As many different ones as asked for."""
    chance, made = Random(1901), dict[str, None]()  # noqa: S311
    first, last = FIRST.split(), LAST.split()
    while len(made) < count:
        second = f"-{chance.choice(last)}" if chance.random() < 0.1 else ""
        made[f"{chance.choice(first)} {chance.choice(last)}{second}"] = None
    return list(made)


def slips(name: str, chance: Random) -> Iterator[str]:
    """The name with one letter too many, too few, another one, and two in the wrong order."""
    places = [at for at, letter in enumerate(name) if letter.isalpha()]
    at, other = chance.choice(places), chance.choice(ascii_lowercase)
    yield name[:at] + other + name[at:]
    yield name[:at] + name[at + 1 :]
    yield name[:at] + other + name[at + 1 :]
    pairs = [at for at in places if at + 1 in places and name[at].lower() != name[at + 1].lower()]
    at = chance.choice(pairs)
    yield name[:at] + name[at + 1] + name[at] + name[at + 2 :]
