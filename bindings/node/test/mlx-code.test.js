'use strict'

// The installed package, from outside the repository.

const assert = require('node:assert/strict')
const { mkdtempSync, mkdirSync, readFileSync, rmSync, writeFileSync } = require('node:fs')
const { tmpdir } = require('node:os')
const { join } = require('node:path')
const { afterEach, beforeEach, test } = require('node:test')

const { Model, Workspace } = require('mlx-code')

const REPLY = `I make it louder.

greet.py
\`\`\`python
<<<<<<< SEARCH
    return "hello"
=======
    return "HELLO"
>>>>>>> REPLACE
\`\`\`
`

let folder
let workspace
const greet = () => readFileSync(join(folder, 'project', 'greet.py'), 'utf8')

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mlx-code-'))
  const root = join(folder, 'project')
  mkdirSync(root)
  writeFileSync(join(root, 'greet.py'), 'def greet():\n    return "hello"\n')
  writeFileSync(join(root, 'port.py'), 'def open_port(number):\n    return number\n')
  workspace = await Workspace.open(root, { home: join(folder, 'home') })
})

afterEach(() => rmSync(folder, { recursive: true }))

test('search finds the passage', async () => {
  const [hit] = await workspace.search('who opens the port?', 5)
  assert.equal(hit.path, 'port.py')
  assert.deepEqual([hit.firstLine, hit.lastLine], [1, 2])
  assert.match(hit.text, /open_port/)
})

test('extract answers without a model', async () => {
  const [passage] = await workspace.extract('greet')
  assert.equal(passage.path, 'greet.py')
})

test('ask streams and names its sources', async () => {
  const model = Model.scripted(['It says hello, from greet.py.'])
  const turn = await workspace.ask(model, 'What does greet say?')
  const pieces = []
  for await (const text of turn) pieces.push(text)
  assert.ok(pieces.length > 1)
  assert.equal(pieces.join(''), 'It says hello, from greet.py.')
  assert.equal(turn.reply, pieces.join(''))
  assert.equal(turn.sources[0].path, 'greet.py')
  assert.equal(turn.finished.reason, 'stop')
})

test('leaving the loop ends the work', async () => {
  const turn = await workspace.ask(Model.scripted(['one two three four']), 'count')
  for await (const text of turn) {
    assert.ok(text.length > 0)
    break
  }
  await turn.read()
  assert.ok(['cancelled', 'stop'].includes(turn.finished.reason))
})

test('an edit is planned, applied and taken back', async () => {
  const before = greet()
  const turn = await workspace.edit(Model.scripted([REPLY]), 'shout in greet')
  const plan = await workspace.planReply(await turn.read())
  assert.ok(plan.isApplicable)
  assert.deepEqual(plan.changes.map(({ path, kind }) => [path, kind]), [['greet.py', 'modify']])
  assert.match(plan.changes[0].diff, /\+ {4}return "HELLO"/)
  assert.equal(greet(), before)

  const entry = await workspace.apply(plan)
  assert.match(greet(), /HELLO/)
  assert.equal((await workspace.history()).at(-1).id, entry.id)
  assert.equal((await workspace.undo(entry.id)).state, 'undone')
  assert.equal(greet(), before)
})

test('a refusal changes nothing and says why', async () => {
  const reply = REPLY.replace('return "hello"', 'return "hullo"')
  const plan = await workspace.planReply(reply)
  assert.ok(!plan.isApplicable)
  assert.equal(plan.refusals[0].path, 'greet.py')
  assert.equal(plan.refusals[0].code, 'edit.no_match')
  assert.match(plan.refusals[0].nearest, /hello/)
  await assert.rejects(workspace.applyReply(reply))
  assert.match(greet(), /hello/)
})

test('generate is an async iterable over tokens', async () => {
  const model = Model.scripted(['one two three', 'again'])
  const generation = await model.generate('count:', { maxTokens: 100 })
  const tokens = []
  for await (const token of generation) tokens.push(token)
  assert.equal(tokens.map((token) => token.text).join(''), 'one two three')
  assert.equal(generation.finished.completionTokens, tokens.length)
  const second = await model.generate([{ role: 'user', content: 'again?' }])
  assert.equal(await second.read(), 'again')
})

test('errors have a code, a kind and help', async () => {
  await assert.rejects(Model.load(join(folder, 'missing.gguf')), (error) => {
    assert.ok(error instanceof Error)
    assert.equal(error.kind, 'not_found')
    assert.ok(error.code && error.help)
    return true
  })
  await assert.rejects(workspace.applyReply('no edit in here'), { code: 'edit.no_edits' })
  await assert.rejects(workspace.extract('greet', { files: ['../outside.py'] }), {
    kind: 'invalid_input',
  })
  await assert.rejects(Model.scripted(['x']).generate([{ role: 'king', content: 'x' }]), /king/)
})

test('a model by path generates', async () => {
  const path = process.env.MLX_CODE_TEST_MODEL
  assert.ok(path, 'set MLX_CODE_TEST_MODEL to a model folder, such as one of the fixtures')
  const model = await Model.load(path)
  const first = await (await model.generate('def main', { maxTokens: 8 })).read()
  const again = await (await model.generate('def main', { maxTokens: 8 })).read()
  assert.equal(first, again)
})

test('options of sampling reach the model', async () => {
  const model = await Model.load(process.env.MLX_CODE_TEST_MODEL)
  const one = async (options) => (await model.generate('def main', { maxTokens: 1, ...options })).next()
  const likely = await one({ logProbabilities: 3 })
  assert.equal(likely.likeliest.length, 3)
  assert.equal(likely.likeliest[0].id, likely.id)
  assert.equal(likely.likeliest[0].logProbability, likely.logProbability)
  const second = await one({ logitBias: [{ id: likely.id, bias: -Infinity }] })
  assert.equal(second.id, likely.likeliest[1].id)
  assert.deepEqual(second.likeliest, [])
  await assert.rejects(one({ dryMultiplier: 1, dryBase: 0.5 }), /dry_base/)
})
