"""The node's own sentences as patterns: a dry run, what a term means, why a finding weighs what it weighs, why something was refused.

The node speaks English alone. Each sentence here is a string of the catalogues; {places} are filled in from what the node said. The first that
fits counts. A test holds the sentences of pact, runs and topics against this list.
"""

from __future__ import annotations

from typing import Final

from detente.web.labels import N_

_DRY_RUN = (
    N_(
        "{peer} will learn that you bring at most {size} records of {topic} (the true number is hidden within 10 %), and {disclosed}."
    ),
    N_(
        "{peer} will learn that you bring at most {size} records (the true number is hidden within 10 %), and {disclosed}."
    ),
    N_(
        "which of our persons the peer also holds; for candidates (two keys or a document in common) also which name parts, dates, countries and "
        "documents are equal, how many names, parts and dates each record has, and in which scripts"
    ),
    N_(
        "which of our organisations the peer also holds; for candidates (a name, two keys or a number in common) also which words, countries and "
        "numbers are equal, how many names each record has, how rare their words are, and in which scripts"
    ),
    N_("You will learn the same of theirs. Of records that only one side holds, the other learns nothing."),
    N_("{count} of your records are in the agreement's scope; {out} stay out: {reasons}."),
    N_("{count} of your records are in the agreement's scope; {out} stay out."),
    N_(
        "Candidates that turn out to be different people also show which kinds of details agree between them."
    ),
    N_("Whoever stops while results are opened is ahead by at most one of {parts} parts of the result."),
    N_(
        "{count} of your tokens, drawn by lot, are opened to {peer} to show that you queried what you published; each is a hash, tied to a journal "
        "entry, and names nobody."
    ),
    N_("Without an audit by the peer, junk in their list is caught only where it meets a record of yours."),
    N_(
        "The run is charged to both budgets in full when it begins. Nothing is released: a person decides on each finding ({agreement})."
    ),
)
_TERMS = (
    N_("You agree with {peer} until {date}; after that nothing is matched or swapped."),
    N_("{topic}: the purpose is: {purpose} The legal basis is: {basis}"),
    N_("{topic}: a record takes part only if it {needs}; any other stays unknown to them."),
    N_("has grounds, of which a language alone is none, {more}"),
    N_("has grounds, of which a language alone is none"),
    N_("is of someone who speaks {languages}, {more}"),
    N_("is of someone who speaks {languages}"),
    N_("names {groups}, has grounds that hold {phrases}"),
    N_("has grounds that hold {phrases}"),
    N_("names {groups}"),
    N_(
        "{topic}: {peer} will learn which records both of you hold, how many there are of each shared token, and about how many records you bring "
        "(up to {most}, told in steps of at most 10 %)."
    ),
    N_(
        "{topic}: {peer} may test at most {budget} guesses against your records in {days} days, and you as many against theirs; a run that is "
        "repeated or stopped is charged in full."
    ),
    N_("{topic}: nothing is audited: junk in their list would not be noticed."),
    N_(
        "{topic}: {count} of your tokens, drawn by lot, are shown to {peer} in each run to prove that you queried what you published; each is a "
        "disclosure and is charged."
    ),
    N_(
        "{topic}: {count} of your tokens, drawn by lot, are shown to {peer} in each run, but nobody can check that they were queried: junk is caught "
        "only where it meets a record of yours."
    ),
    N_(
        "{topic}: {count} of your tokens, drawn by lot, are shown to the inspector {inspector}, and not to {peer}."
    ),
    N_("{topic}: who stops while results are opened is ahead by at most one of {parts} parts of the result."),
    N_(
        "{topic}: a token with more than {records} records, a record with more than {tokens} tokens or {candidates} candidates, and more than "
        "{values} compared values of a record are dropped and counted."
    ),
    N_("{topic}: each of your records is found to be at most one of theirs."),
    N_("{topic}: of a confirmed finding, and once a person approves, they will get: {fields}. Nothing else."),
    N_("{topic}: nothing of a record is ever released; both only learn that they hold it."),
    N_("Records marked {tlp} may take part; with a PAP label only {pap}; of any grade."),
    N_("Records marked {tlp} may take part; with a PAP label only {pap}; graded {grade} or better."),
    N_("Records marked {tlp} may take part; records with a PAP label may not; of any grade."),
    N_("Records marked {tlp} may take part; records with a PAP label may not; graded {grade} or better."),
    N_("You give item for item: {batch} at a time, and {peer} can be ahead by at most {limit}, as can you."),
    N_("Nothing leaves before {people} approved it. Report texts may go along."),
    N_("Nothing leaves before {people} approved it. Report texts never go along."),
    N_("Neither of you passes on what the other gave; {peer} can break that and you would not notice."),
    N_(
        "Passing on what the other gave needs its signed consent; {peer} can break that and you would not notice."
    ),
    N_("With every release goes the condition: {condition}"),
    N_(
        "You have {days} days to dispute what you got; without proof you may do so {times} times, and then swapping stops until people settle it."
    ),
    N_("What you receive is erased after {days} days, and what {peer} recalls within {hours} hours."),
    N_(
        "Either side may suspend at once; both must sign to resume. While suspended there continue: {activities}."
    ),
    N_("Either side may end it with {days} days' notice."),
    N_("Lifts the suspension: once you sign, the agreement is in force again."),
)
_WEIGHTS = (
    N_("of all pairs of records, few are one person"),
    N_("the names are of one language"),
    N_("so many parts and names could have agreed"),
    N_("name parts that differ: {count}"),
    N_("name parts on one side only: {count}"),
    N_("relatives share the name parts that agree"),
    N_("same given name of the father: {part}"),
    N_("same name part of the father: {part}"),
    N_("name part sounds the same of the father: {part}"),
    N_("name part sounds alike of the father: {part}"),
    N_("same given name: {part}"),
    N_("same name part: {part}"),
    N_("name part sounds the same: {part}"),
    N_("name part sounds alike: {part}"),
    N_("same day of birth"),
    N_("same day of birth, day and month swapped"),
    N_("same year of birth, other day"),
    N_("same year of birth"),
    N_("same day and month of birth, other year"),
    N_("years of birth one apart, other day"),
    N_("years of birth one apart"),
    N_("same month of birth, other day"),
    N_("years of birth differ"),
    N_("same nationality"),
    N_("nationalities differ"),
    N_("same document number: {kinds}"),
    N_("taxpayer numbers differ"),
    N_("same telephone number"),
    N_("same gender"),
    N_("genders differ"),
    N_("same place of birth"),
    N_("places of birth differ"),
    N_("of all pairs of records, few are one organisation"),
    N_("same name: {part}"),
    N_("name that sounds the same: {part}"),
    N_("name but for a word: {part}"),
    N_("both are known as {part}"),
    N_("a word of one name is not in the other"),
    N_("word sounds the same: {part}"),
    N_("same word: {part}"),
    N_("organisations of one trade and place share words"),
    N_("so many names could have agreed"),
    N_("other words: {against} bits against each other, {one} bits on one side only"),
    N_("same number: {kinds}"),
    N_("registration numbers differ"),
    N_("known as different listed groups"),
    N_("same country"),
    N_("countries differ"),
    N_("same name with its legal form"),
    N_("the name is the same, the legal form is not"),
    N_("other names that are the same: {count}"),
    N_("same legal form"),
    N_("legal forms differ"),
)
_REFUSALS = (
    N_("that is not right, or there were too many tries: wait a moment and try again"),
    N_("too many attempts to sign in: wait a minute and try again; nothing is lost"),
    N_("too many people sign in at this moment: try again"),
    N_("a password has {least} to {most} characters: a few unrelated words do"),
    N_("this password is too easy to guess: take a few unrelated words"),
    N_("the two passwords differ: type them again"),
    N_("a name has 2 to 40 of a-z, 0-9, dot, dash and underscore, such as j.moreau"),
    N_("your roles do not allow this: ask an administrator"),
    N_("this form is out of date: go back, reload the page and try again"),
    N_("this request came from another site"),
    N_("this console answers to its own address alone"),
    N_("this is under way already: wait for it to end"),
    N_("say why you look at records: a case or an order, such as `case 2026-114`"),
    N_("this is the only administrator: make another one first"),
    N_("this is the only administrator: invite another one first"),
    N_("there is no agreement with this peer that both signed"),
    N_("the peer has not answered yet; the conversation goes on when it does"),
    N_("the journals are not countersigned yet; try again when the peer is reachable"),
    N_(
        "no record of this node is in the agreement's scope; `detente match --dry-run` says what was left out"
    ),
    N_("a run with this peer is under way; wait for it, or end it with `detente match abort`"),
    N_("an item was prepared for this finding; withdraw it before deciding anew"),
    N_("this node was restored from a backup and only reads until its journal is whole again"),
    N_("a check on the peer's message failed; the run was aborted and the evidence kept"),
    N_(
        "the match rests on what this leaves out, and the peer could prove that the item is not of the record that was matched: leave out other "
        "fields, or withdraw the item"
    ),
    N_("choose at least one draft first"),
    N_("this session is over: sign in again"),
    N_("this draft was changed since it was shown: look at it again, then approve"),
    N_("no grounds"),
    N_("a language alone is no grounds"),
    N_("a marking or grade that is not understood"),
    N_("received from this very party"),
    N_("received from another party that has not consented"),
    N_("past its retention"),
    N_("no language is known, and the agreement asks for one"),
    N_("speaks none of the agreed languages"),
    N_("none of the agreed grounds"),
    N_("names none of the agreed groups"),
    N_("marked {marking}, which the agreement does not allow"),
    N_("graded below {grade}"),
)

SENTENCES: Final[tuple[str, ...]] = (*_DRY_RUN, *_TERMS, *_WEIGHTS, *_REFUSALS)

__all__ = ["SENTENCES"]
