// Keeps the tables of docs/threat-model.md true. `node scripts/threat-model.mjs` writes them anew from the rows
// (threat-rows.mjs) and from the titles of the tests; with `--check` it only looks. Exits 1 when the page is stale (with
// --check), when a row has neither a test nor a reason, or when a test's title carries an id that is no row.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'
import { limits, sections, untested } from './threat-rows.mjs'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const page = path.join(root, 'docs', 'threat-model.md')
const begin = '<!-- rows: written by scripts/threat-model.mjs -->'
const end = '<!-- end of the rows -->'

// ---- ids in a title ------------------------------------------------------------------------------------------

const ids =
  /\b([A-Z]{2})-(\d{1,3})(?!\d)((?:(?:\/|…|\.{2,3}|–|—)\d{2}(?!\d)|\s?(?:…|\.{2,3}|–|—|-|to)\s?\1-\d{1,3}(?!\d))*)/g
const more = /(\/|…|\.{2,3}|–|—|-|to)\s?(?:[A-Z]{2}-)?(\d+)/g

/** The row ids a title carries. `AZ-12/13/14` names three, `TH-01…TH-06` and `TH-01…06` name six. */
export function idsIn(title) {
  const found = []
  for (const [, prefix, first, tail] of title.replaceAll(/[‐‑‒]/g, '-').matchAll(ids)) {
    found.push(`${prefix}-${first}`)
    let last = Number(first)
    for (const [, sign, next] of tail.matchAll(more)) {
      const from = sign === '/' ? Number(next) : last + 1
      for (let n = from; n <= Number(next); n += 1) found.push(`${prefix}-${String(n).padStart(2, '0')}`)
      last = Number(next)
    }
  }
  return [...new Set(found)]
}

// ---- titles in a test file -----------------------------------------------------------------------------------

const runners = new Map([
  ...['test', 'it', 'fit'].map((name) => [name, { is: 'test', runs: true }]),
  ...['xtest', 'xit'].map((name) => [name, { is: 'test', runs: false }]),
  ...['describe', 'fdescribe'].map((name) => [name, { is: 'describe', runs: true }]),
  ['xdescribe', { is: 'describe', runs: false }],
])
// A test that is skipped, only planned, or expected to fail shows nothing.
const shelved = new Set(['skip', 'todo', 'failing'])

/**
 * The tests of a file: each with its line, its title behind those of the describes around it, and whether it runs. Reads the
 * syntax tree, so that `test.each(…)(…)`, tagged tables, templates, concatenations, titles in a constant, a loop or a
 * table's rows, and names such as `const testOnLinux = linux ? test : test.skip` are understood.
 */
export function testsIn(text, file) {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const names = bindings(source)
  const tests = []

  function visit(node, around) {
    const call = ts.isCallExpression(node) ? callOf(node, names) : undefined
    if (!call) return ts.forEachChild(node, (child) => visit(child, around))
    const runs = around.runs && call.runs
    const title = around.title === '' ? call.title : `${around.title} › ${call.title}`
    if (call.is === 'describe') return node.arguments.forEach((part) => visit(part, { title, runs }))
    const { line } = source.getLineAndCharacterOfPosition(node.getStart())
    tests.push({ file, line: line + 1, title, runs })
  }
  visit(source, { title: '', runs: true })
  return tests
}

/** What a call of `test`, `it` or `describe`, in any of its forms, is; undefined for other calls. */
function callOf({ expression: callee, arguments: [first] }, names) {
  if (!first) return undefined
  const table = tableOf(callee)
  const runner = runnerOf(table ? table.callee : callee, names)
  if (!runner || (runner.each && !table)) return undefined
  const own = textOf(first, names)
  const printsRows = table !== undefined && /%[#$cdfijops]|\$[\w#]/.test(own)
  return { ...runner, title: printsRows ? `${own}\n${textOf(table.rows, names)}` : own }
}

/** `test.each(rows)` and its tagged form, which stand where otherwise `test` stands. */
function tableOf(callee) {
  const inner = ts.isParenthesizedExpression(callee) ? callee.expression : callee
  if (ts.isTaggedTemplateExpression(inner)) return { callee: inner.tag, rows: inner.template }
  if (ts.isCallExpression(inner)) return { callee: inner.expression, rows: inner.arguments[0] }
  return undefined
}

function runnerOf(node, names) {
  if (ts.isParenthesizedExpression(node)) return runnerOf(node.expression, names)
  if (ts.isConditionalExpression(node)) {
    const [yes, no] = [runnerOf(node.whenTrue, names), runnerOf(node.whenFalse, names)]
    return yes && no ? { ...yes, runs: yes.runs || no.runs } : undefined
  }
  if (ts.isPropertyAccessExpression(node)) {
    const runner = runnerOf(node.expression, names)
    const word = node.name.text
    return runner && { ...runner, runs: runner.runs && !shelved.has(word), each: word === 'each' }
  }
  if (!ts.isIdentifier(node)) return undefined
  const known = runners.get(node.text)
  if (known) return known
  const [alias] = names.get(node.text) ?? []
  return alias && (ts.isConditionalExpression(alias) || ts.isPropertyAccessExpression(alias))
    ? runnerOf(alias, without(names, node.text))
    : undefined
}

/** What the names of a file stand for: a constant's value, or what a loop goes over. */
function bindings(source) {
  const names = new Map()
  const bind = (name, value) => {
    if (ts.isIdentifier(name)) names.set(name.text, [...(names.get(name.text) ?? []), value])
    else name.elements.forEach((element) => 'name' in element && bind(element.name, value))
  }
  function visit(node) {
    if (ts.isVariableDeclaration(node) && node.initializer) bind(node.name, node.initializer)
    if (ts.isForOfStatement(node) && ts.isVariableDeclarationList(node.initializer))
      node.initializer.declarations.forEach(({ name }) => bind(name, node.expression))
    ts.forEachChild(node, visit)
  }
  visit(source)
  return names
}

function without(names, name) {
  return new Map([...names].filter(([other]) => other !== name))
}

/** All text an expression may print, its alternatives on lines of their own. */
function textOf(node, names) {
  if (node === undefined || ts.isFunctionLike(node)) return ''
  if (ts.isStringLiteralLike(node)) return node.text
  if (ts.isTemplateExpression(node))
    return node.templateSpans.reduce(
      (text, { expression, literal }) => text + textOf(expression, names) + literal.text,
      node.head.text,
    )
  if (ts.isBinaryExpression(node)) return textOf(node.left, names) + textOf(node.right, names)
  if (ts.isIdentifier(node)) {
    const rest = without(names, node.text)
    return (names.get(node.text) ?? []).map((value) => textOf(value, rest)).join('\n')
  }
  if (ts.isPropertyAccessExpression(node)) return textOf(node.expression, names)
  const parts = []
  ts.forEachChild(node, (child) => void parts.push(textOf(child, names)))
  return parts.filter((part) => part !== '').join('\n')
}

// ---- the page ------------------------------------------------------------------------------------------------

/** Every test of the project that carries an id, in the order of the files. */
export function readClaims() {
  const folder = path.join(root, 'test')
  return readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => name.split(path.sep).join('/'))
    .toSorted()
    .flatMap((name) => testsIn(readFileSync(path.join(folder, name), 'utf8'), `test/${name}`))
    .map((test) => ({ ...test, ids: idsIn(test.title) }))
    .filter((test) => test.ids.length > 0)
}

/** The rows, each with its sentence, its limit or the reason why there is no test, and its test files. */
export function rowsWith(claims) {
  const files = Map.groupBy(
    claims.filter(({ runs }) => runs).flatMap(({ file, ids: named }) => named.map((id) => ({ id, file }))),
    ({ id }) => id,
  )
  return sections.flatMap(({ rows }) =>
    Object.entries(rows).map(([id, holds]) => ({
      id,
      holds,
      limit: limits[id],
      untested: untested[id],
      tests: [...new Set(files.get(id)?.map(({ file }) => file))],
    })),
  )
}

/** What is wrong with rows, with what is `said` of them beside their sentence, and with titles: a sentence each. */
export function problemsIn(rows, claims, said = { ...limits, ...untested }) {
  const known = new Set(rows.map(({ id }) => id))
  return [
    ...rows
      .filter(({ tests, untested: reason }) => tests.length === 0 && reason === undefined)
      .map(({ id }) => `${id} has neither a test nor a reason why there is none`),
    ...rows
      .filter(({ tests, untested: reason }) => tests.length > 0 && reason !== undefined)
      .map(({ id, tests }) => `${id} is said to have no test, but there is ${tests[0]}`),
    ...Object.keys(said)
      .filter((id) => !known.has(id))
      .map((id) => `${id} has a limit or a reason, but is no row`),
    ...claims.flatMap(({ file, line, ids: named }) =>
      named.filter((id) => !known.has(id)).map((id) => `${file}:${line} carries ${id}, which is no row`),
    ),
  ]
}

/** The page with its tables written anew. Throws when its marks are missing. */
export function withTables(text, rows) {
  const [from, to] = [text.indexOf(begin), text.indexOf(end)]
  if (from < 0 || to < from) throw new Error(`docs/threat-model.md needs the lines ${begin} and ${end}`)
  const byId = new Map(rows.map((row) => [row.id, row]))
  const tables = sections.map(({ title, rows: own }) => {
    const lines = Object.keys(own).map((id) => lineOf(byId.get(id)))
    return [`### ${title}`, '', '| id | what holds | tests |', '| --- | --- | --- |', ...lines].join('\n')
  })
  return `${text.slice(0, from)}${begin}\n\n${tables.join('\n\n')}\n\n${text.slice(to)}`
}

function lineOf({ id, holds, limit, untested: reason, tests }) {
  const says = limit === undefined ? holds : `${holds} _In part:_ ${limit}`
  const shown = tests.map((file) => `[${file.slice('test/'.length, -'.test.ts'.length)}](../${file})`)
  return `| ${id} | ${cell(says)} | ${shown.join('<br>') || cell(`none: ${reason ?? 'to be written'}`)} |`
}

function cell(text) {
  return text.replaceAll('|', '\\|')
}

/** The page as it is, as it should be, and what is wrong with its rows. */
export function examine() {
  const claims = readClaims()
  const rows = rowsWith(claims)
  const is = readFileSync(page, 'utf8')
  return { is, should: withTables(is, rows), problems: problemsIn(rows, claims) }
}

function main(args) {
  const { is, should, problems } = examine()
  const stale = is !== should
  if (stale && args.includes('--check'))
    problems.unshift('docs/threat-model.md is stale: run `node scripts/threat-model.mjs`')
  else if (stale) writeFileSync(page, should)
  for (const problem of problems) console.error(problem)
  return problems.length > 0 ? 1 : 0
}

if (process.argv[1] && path.resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  process.exitCode = main(process.argv.slice(2))
