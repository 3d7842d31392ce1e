"""Given names that people use for each other, in several languages; folded as `sort_name()` folds."""

from __future__ import annotations

from collections import defaultdict

# A name may stand in several lines: Alex is Alexander or Alexandra.
GROUPS = """
alexander alex alec sandy sasha xander aleksander aleksanteri alejandro alessandro alexandre
alexandra alex sandra sasha alexa alessandra aleksandra
andrew andy drew andreas andre andrea anders andres antti
anthony tony antonio antoine anton toni
antonia toni antonella
albert al bert alberto
alfred al fred alf alfredo
benjamin ben benny benjamim
catherine kate katie cathy kathy katherine kathryn katharina katarina caterina catalina katja kati
charles charlie chuck carl karl carlos carlo kalle
christian chris kristian
christine chris tina kristina christina kirsi
christopher chris kit kristoffer cristobal christophe
daniel dan danny daniele
david dave davey davide
deborah debbie deb
dimitri dima dmitri dimitrios
edward ed eddie ted ned eduard eduardo edoardo
elizabeth liz lizzy beth betty eliza elisabeth lisa elsa elisa isabel elisabetta
emily em emmy emilia emilie
ernest ernie ernst ernesto
francis frank fran francesco francisco paco franz pancho francois
frances fran fanny francesca francisca francoise
frederick fred freddie fritz friedrich federico fredrik
gabriel gabe gabi
george jorge giorgio georg yrjo jurgen georges goran
gerald gerry jerry gerhard gerd
gregory greg gregor gregorio
guillermo memo william
harold harry hal harald
henry harry hank heinrich enrique henri heikki henrik enrico heinz
ignacio nacho inigo
isabella bella isabel izzy
jacob jake jakob jacques jaakko jacopo
james jim jimmy jamie jaime giacomo diego
jennifer jen jenny
jessica jess jessie
joan joanna johanna jo juana giovanna jeanne hanna
john jack johnny jon johan johannes hans juan giovanni jean jan juhani ivan joao ian sean
jonathan jon johnny
joseph joe joey jose pepe giuseppe josef jussi beppe
joshua josh
judith judy
julia julie juliet giulia julieta
kenneth ken kenny
laurence larry lawrence lauri lars lorenz lorenzo laurent lasse
leonard leo len lenny leonardo leonhard
louis lou lewis luis luigi ludwig ludovic
lucia lucy lucie luzia
margaret maggie meg peggy greta marguerite margarita margherita marjatta margarethe
maria mary marie mari maryam molly mia marja
martin marty martti martino
matthew matt matti mateo matteo matthias mathieu matthieu
maximilian max massimo maxime
michael mike mick micky mikael miguel michele michel mikko misha mikhail
nathaniel nate nathan
nicholas nick nicky nicolas niko nikolai niklas nicola nico klaus
oliver ollie olivier
patricia pat patty tricia
patrick pat paddy patricio
paul pablo paolo pavel paavo pauli
peter pete pedro pietro pierre petri pekka piet
philip phil pip felipe filippo philippe
raymond ray ramon
rebecca becky becca
richard rick dick rich ricky ricardo riccardo
robert rob bob bobby robbie roberto bert rupert
ronald ron ronnie
rosemary rose rosie
samuel sam sammy samuele
samantha sam
stephen steve steven stefan stephan esteban stefano etienne tapani
susan sue susie susanna suzanne sanna
teresa terry tess theresa therese
theodore ted theo teodoro
thomas tom tommy tomas tommaso tuomas
timothy tim timo
valentina vale tina
veronica ronnie vera
victor vic vittorio viktor
victoria vicky tori vittoria
vincent vince vinny vicente vincenzo
walter walt wally
wilhelm willi willy william bill guillaume
william bill will billy willy liam guillermo guglielmo
xavier javier javi
"""


def _groups() -> dict[str, tuple[int, ...]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for number, line in enumerate(filter(None, GROUPS.splitlines())):
        for name in line.split():
            found[name].append(number)
    return {name: tuple(numbers) for name, numbers in found.items()}


GROUPS_OF = _groups()
LINES = [frozenset(line.split()) for line in filter(None, GROUPS.splitlines())]


def are_nicknames(one: str, other: str) -> bool:
    return not set(GROUPS_OF.get(one, ())).isdisjoint(GROUPS_OF.get(other, ()))


def other_names(name: str) -> frozenset[str]:
    """What somebody called so is also called, the name itself left out."""
    return frozenset(other for number in GROUPS_OF.get(name, ()) for other in LINES[number]) - {name}
