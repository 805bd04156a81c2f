from _typeshed import Incomplete, SupportsGetItem
from os import PathLike
from pathlib import Path
from typing import Final, SupportsFloat, SupportsIndex, final

__all__ = ["__version__", "Change", "Finished", "Generation", "Hit", "JournalEntry", "JournalFile", "Model", "Passage", "Plan", "Refusal", "Token", "Turn", "Workspace", "run_command"]

__version__: Final[str]

@final
class Change:
    """
    One file that changes.
    """
    @property
    def diff(self, /) -> str:
        """
        The change as a unified diff.
        """
    @property
    def kind(self, /) -> str:
        """
        `create`, `modify`, `delete` or `rename`.
        """
    @property
    def path(self, /) -> str:
        """
        The file, below the root.
        """

@final
class Finished:
    """
    How a generation ended.
    """
    @property
    def completion_tokens(self, /) -> int:
        """
        Tokens generated.
        """
    @property
    def decode_ms(self, /) -> float:
        """
        Milliseconds for generating.
        """
    @property
    def prefill_ms(self, /) -> float:
        """
        Milliseconds for reading the prompt.
        """
    @property
    def prompt_tokens(self, /) -> int:
        """
        Tokens of the prompt.
        """
    @property
    def reason(self, /) -> str:
        """
        `stop`, `length` or `cancelled`.
        """

@final
class Generation:
    """
    A running generation: an iterator over its tokens.
    """
    def __iter__(self, /) -> Generation: ...
    def __next__(self, /) -> Token: ...
    def cancel(self, /) -> None:
        """
        Ends the generation within one token.
        """
    @property
    def finished(self, /) -> Finished | None:
        """
        How it ended; `None` while it runs.
        """
    def read(self, /) -> str:
        """
        Reads to the end and gives the text of all tokens that remain.
        """

@final
class Hit:
    """
    A passage that search found.
    """
    def __repr__(self, /) -> str: ...
    @property
    def first_line(self, /) -> int:
        """
        The first line, from one.
        """
    @property
    def last_line(self, /) -> int:
        """
        The last line, itself inside.
        """
    @property
    def path(self, /) -> str:
        """
        The file, below the root.
        """
    @property
    def score(self, /) -> float:
        """
        Higher is better; only comparable within one search.
        """
    @property
    def text(self, /) -> str:
        """
        The passage.
        """

@final
class JournalEntry:
    """
    One change that was applied, to be taken back by its `id`.
    """
    @property
    def actor(self, /) -> str:
        """
        Who applied it.
        """
    @property
    def applied_at_ms(self, /) -> int:
        """
        When it was applied, in milliseconds since 1970, UTC.
        """
    @property
    def files(self, /) -> list[JournalFile]:
        """
        The files it touched.
        """
    @property
    def id(self, /) -> str:
        """
        Its name, for `undo`.
        """
    @property
    def state(self, /) -> str:
        """
        `applied` or `undone`.
        """

@final
class JournalFile:
    """
    One file of a journal entry.
    """
    @property
    def kind(self, /) -> str:
        """
        `create`, `modify`, `delete` or `rename`.
        """
    @property
    def path(self, /) -> str:
        """
        The file, below the root.
        """

@final
class Model:
    """
    A model that is ready to answer.
    """
    def __repr__(self, /) -> str: ...
    @property
    def architecture(self, /) -> str:
        """
        The architecture, such as `qwen2`.
        """
    @property
    def context_length(self, /) -> int:
        """
        How many tokens prompt and answer may take together.
        """
    def count_tokens(self, /, prompt: str | SupportsGetItem[int, Incomplete]) -> int:
        """
        Counts the tokens of a text or a conversation, chat template included.
        """
    def generate(self, /, prompt: str | SupportsGetItem[int, Incomplete], *, max_tokens: SupportsIndex | None = None, temperature: SupportsFloat | SupportsIndex | None = None, top_p: SupportsFloat | SupportsIndex | None = None, top_k: SupportsIndex | None = None, min_p: SupportsFloat | SupportsIndex | None = None, typical_p: SupportsFloat | SupportsIndex | None = None, repeat_penalty: SupportsFloat | SupportsIndex | None = None, presence_penalty: SupportsFloat | SupportsIndex | None = None, frequency_penalty: SupportsFloat | SupportsIndex | None = None, penalty_window: SupportsIndex | None = None, dry_multiplier: SupportsFloat | SupportsIndex | None = None, dry_base: SupportsFloat | SupportsIndex | None = None, dry_allowed_length: SupportsIndex | None = None, dry_window: SupportsIndex | None = None, dry_breakers: SupportsGetItem[int, str] | None = None, logit_bias: dict[SupportsIndex, SupportsFloat | SupportsIndex] | None = None, log_probabilities: SupportsIndex | None = None, seed: SupportsIndex | None = None, stop: SupportsGetItem[int, str] | None = None) -> Generation:
        """
        Continues a text, or answers a conversation: a list of dictionaries
        with `role` and `content`.
        """
    @staticmethod
    def load(path: str | PathLike[str]) -> Model:
        """
        Checks and loads a GGUF file, or a folder with config.json,
        tokenizer.json and safetensors.
        """
    @property
    def name(self, /) -> str:
        """
        The model's name.
        """
    @staticmethod
    def scripted(replies: SupportsGetItem[int, str]) -> Model:
        """
        A model that answers with these replies, one a request: for tests.
        """

@final
class Passage:
    """
    A passage that an answer rests on.
    """
    def __repr__(self, /) -> str: ...
    @property
    def first_line(self, /) -> int:
        """
        The first line, from one.
        """
    @property
    def last_line(self, /) -> int:
        """
        The last line, itself inside.
        """
    @property
    def path(self, /) -> str:
        """
        The file, below the root.
        """
    @property
    def reason(self, /) -> str:
        """
        Why it was chosen.
        """
    @property
    def text(self, /) -> str:
        """
        The passage.
        """
    @property
    def tokens(self, /) -> int:
        """
        The tokens it takes in the prompt.
        """

@final
class Plan:
    """
    Where the edits of a reply belong. Nothing is written yet.
    """
    def __repr__(self, /) -> str: ...
    @property
    def already_there(self, /) -> list[str]:
        """
        Files that hold already what an edit asks for.
        """
    @property
    def changes(self, /) -> list[Change]:
        """
        What changes, file by file.
        """
    @property
    def is_applicable(self, /) -> bool:
        """
        Whether there is something to write and nothing was refused.
        """
    def keep(self, /, paths: SupportsGetItem[int, str]) -> None:
        """
        Drops the changes of all files but these.
        """
    @property
    def refusals(self, /) -> list[Refusal]:
        """
        The edits that fit nowhere. With any, the plan cannot be applied.
        """

@final
class Refusal:
    """
    One edit of a reply that fits nowhere.
    """
    @property
    def block(self, /) -> int:
        """
        Which edit of the reply, from one.
        """
    @property
    def code(self, /) -> str:
        """
        A stable name of the reason, such as `edit.no_match`.
        """
    @property
    def line(self, /) -> int:
        """
        The line of the reply that it begins on, from one.
        """
    @property
    def nearest(self, /) -> str | None:
        """
        From what was searched for to the place most like it, as a unified diff.
        """
    @property
    def path(self, /) -> str:
        """
        The file it names, as written.
        """
    @property
    def reason(self, /) -> str:
        """
        Why: a sentence that can be sent back to the model.
        """

@final
class Token:
    """
    One token.
    """
    @property
    def id(self, /) -> int:
        """
        Its number in the vocabulary.
        """
    @property
    def likeliest(self, /) -> list[tuple[int, str, float]]:
        """
        The likeliest tokens in its place, the best first, as many as
        `log_probabilities` asked for: number, text, log-probability.
        """
    @property
    def log_probability(self, /) -> float | None:
        """
        The natural logarithm of its probability, before any option changed
        it; `None` unless `log_probabilities` was given.
        """
    @property
    def text(self, /) -> str:
        """
        The text that became certain with it; may be empty.
        """

@final
class Turn:
    """
    A model's answer: an iterator over its text as it comes.
    """
    def __iter__(self, /) -> Turn: ...
    def __next__(self, /) -> str: ...
    def cancel(self, /) -> None:
        """
        Ends the answer within one token.
        """
    @property
    def finished(self, /) -> Finished | None:
        """
        How the answer ended; `None` while it runs.
        """
    def read(self, /) -> str:
        """
        Reads the answer to its end and gives it whole.
        """
    @property
    def reply(self, /) -> str:
        """
        The answer as far as it has come.
        """
    @property
    def sources(self, /) -> list[Passage]:
        """
        The passages that the model was shown.
        """

@final
class Workspace:
    """
    A folder of code that can be searched, asked about and changed.

    `home` holds configuration, models and journals; without it the user's own
    folders are used, as the command does.
    """
    def __new__(cls, /, root: str | PathLike[str], *, home: str | PathLike[str] | None = None) -> Workspace: ...
    def __repr__(self, /) -> str: ...
    def apply(self, /, plan: Plan) -> JournalEntry:
        """
        Writes a plan, all files or none.
        """
    def apply_reply(self, /, reply: str) -> JournalEntry:
        """
        Applies the edits in any model's reply, all or none.
        """
    def ask(self, /, model: Model, question: str, *, files: SupportsGetItem[int, str] = ..., context_tokens: SupportsIndex | None = None, max_tokens: SupportsIndex | None = None) -> Turn:
        """
        Asks a question about the code. The answer is an iterator over its text.
        """
    def edit(self, /, model: Model, instruction: str, *, files: SupportsGetItem[int, str] = ..., context_tokens: SupportsIndex | None = None, max_tokens: SupportsIndex | None = None) -> Turn:
        """
        Asks for a change. Nothing is written: the reply goes to `plan_reply`.
        """
    def extract(self, /, question: str, *, files: SupportsGetItem[int, str] = ..., context_tokens: SupportsIndex | None = None) -> list[Passage]:
        """
        The passages that answer a question, without a model.
        """
    def history(self, /) -> list[JournalEntry]:
        """
        What was applied here, oldest first.
        """
    def plan_reply(self, /, reply: str) -> Plan:
        """
        Finds where the edits in any model's reply belong. Writes nothing.
        """
    def redo(self, /, id: str | None = None) -> JournalEntry:
        """
        Applies the entry `id` again, or the one that was taken back last.
        """
    @property
    def root(self, /) -> Path:
        """
        The folder that all work is confined to.
        """
    def search(self, /, query: str, *, limit: SupportsIndex) -> list[Hit]:
        """
        The passages that match best, best first.
        """
    def undo(self, /, id: str | None = None) -> JournalEntry:
        """
        Takes back the entry `id`, or the newest, keeping what was edited since.
        """

def run_command(args: SupportsGetItem[int, str]) -> int:
    """
    Runs the `mlx-code` command on the process's own streams and gives its
    exit code.
    """
