// Asks a question about the code in a folder: node ask.js FOLDER QUESTION [MODEL]

const { Model, Workspace } = require('mlx-code')

async function main([folder, question, path]) {
  const workspace = await Workspace.open(folder)
  let sources
  if (path) {
    const turn = await workspace.ask(await Model.load(path), question)
    for await (const text of turn) process.stdout.write(text)
    process.stdout.write('\n')
    sources = turn.sources
  } else {
    sources = await workspace.extract(question)
  }
  for (const source of sources) {
    console.log(`${source.path}:${source.firstLine}-${source.lastLine}`)
  }
}

main(process.argv.slice(2))
