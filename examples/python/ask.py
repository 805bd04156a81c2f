"""Asks a question about the code in a folder: python ask.py FOLDER QUESTION [MODEL]"""

import sys

import mlx_code

folder, question, *model = sys.argv[1:]
workspace = mlx_code.Workspace(folder)
if model:
    turn = workspace.ask(mlx_code.Model.load(model[0]), question)
    for text in turn:
        print(text, end="", flush=True)
    print()
    sources = turn.sources
else:
    sources = workspace.extract(question)
for source in sources:
    print(f"{source.path}:{source.first_line}-{source.last_line}")
