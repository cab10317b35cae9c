import { describe, expect, test } from '@jest/globals'

type Titled = { file: string; line: number; title: string; runs: boolean }
type Claim = Titled & { ids: string[] }
type Row = { id: string; holds: string; limit?: string; untested?: string; tests: string[] }
type Generator = {
  idsIn: (title: string) => string[]
  testsIn: (text: string, file: string) => Titled[]
  rowsWith: (claims: Claim[]) => Row[]
  problemsIn: (rows: Row[], claims: Claim[], said?: Record<string, string>) => string[]
  withTables: (text: string, rows: Row[]) => string
  examine: () => { is: string; should: string; problems: string[] }
}

// By a computed name: scripts are plain JavaScript, which has no types to import.
const script = new URL('../../../scripts/threat-model.mjs', import.meta.url).pathname
const { idsIn, testsIn, rowsWith, problemsIn, withTables, examine } = (await import(script)) as Generator

describe('the threat model', () => {
  const { is, should, problems } = examine()

  test('lists every test that shows a row; if not, run `node scripts/threat-model.mjs`', () => {
    expect(is).toBe(should)
  })

  test('has a test or a reason for every row, and a row for every id in a test title', () => {
    expect(problems).toEqual([])
  })

  test('names each row once, with a sentence', () => {
    const rows = rowsWith([])
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    for (const { id, holds } of rows) {
      expect(id).toMatch(/^[A-Z]{2}-\d{2}$/)
      expect(holds).toMatch(/^[`A-Z].+\.$/)
    }
  })
})

describe('an id in a title', () => {
  // Written in two parts, so that this file claims none of them.
  const ids = (text: string): string[] => idsIn(text.replaceAll('#', '-'))
  const named = (...texts: string[]): string[] => texts.map((text) => text.replace('#', '-'))

  test('stands alone, or in a list', () => {
    expect(ids('is refused (XA#01)')).toEqual(named('XA#01'))
    expect(ids('XA#01, XB#12: is refused (RFC 6749 section 5.2, XA#01)')).toEqual(named('XA#01', 'XB#12'))
  })

  test('stands for the others of its family behind a slash', () => {
    expect(ids('has its headers (XA#12/13/14, XB#02)')).toEqual(named('XA#12', 'XA#13', 'XA#14', 'XB#02'))
  })

  test('stands for all up to the last one in a range', () => {
    const three = named('XA#08', 'XA#09', 'XA#10')
    for (const range of ['XA#08…XA#10', 'XA#08…10', 'XA#08..10', 'XA#08 to XA#10', 'XA#08 – XA#10'])
      expect(ids(range)).toEqual(three)
  })

  test('is no number that only looks like one', () => {
    expect(ids('CVE-2026-1035, UTF#16, SHA#256, ISO#8859, 2026-01-02, xa#01')).toEqual([])
    expect(ids('XA#07 – 50 at once')).toEqual(named('XA#07'))
  })
})

describe('the title of a test', () => {
  const titles = (text: string): string[] => testsIn(text, 'a.test.ts').map(({ title }) => title)
  const running = (text: string): boolean[] => testsIn(text, 'a.test.ts').map(({ runs }) => runs)

  test('is found however the test is written', () => {
    const forms = [
      `test('one', () => {})`,
      `it("one", async () => { expect(await find('two')).toBe(test) })`,
      'test(`one`, () => {}, 20_000)',
      `test.only('one', () => {})`,
      `test.concurrent('one', () => {})`,
      `test('o' + 'ne', () => {})`,
      `const title = 'one'; test(title, () => {})`,
      'const o = "o"; test(`${o}ne`, () => {})',
      `const maybe = linux ? test : test.skip; maybe('one', () => {})`,
      `for (const name of ['one']) test(name, () => {})`,
      `test.each([1, 2])('one', (n) => { n })`,
      `test.each<[string]>([\n  ['two'],\n])(\n  'one',\n  async () => {},\n)`,
      'test.each`\n  a | b\n  ${1} | ${2}\n`("one", () => {})',
    ]
    for (const form of forms) expect(titles(form)).toEqual(['one'])
  })

  test('stands behind those of the blocks around it', () => {
    expect(titles(`describe('a', () => { describe.each([1])('b', () => { test('c', () => {}) }) })`)).toEqual(
      ['a › b › c'],
    )
  })

  test('has the text of the rows it prints, and of no others', () => {
    const printed = `test.each([['one', () => 'two'], ['three', 4]])('%s is refused', () => {})`
    expect(titles(printed)).toEqual(['%s is refused\none\nthree'])
    expect(titles(`const rows = [{ name: 'one' }]; test.each(rows)('$name', () => {})`)).toEqual([
      '$name\none',
    ])
    expect(titles(`test.each(['one'])('is refused', () => {})`)).toEqual(['is refused'])
  })

  test('counts for nothing when the test is skipped, planned, or expected to fail', () => {
    for (const form of ['test.skip', 'xit', 'test.todo', 'test.failing', 'test.skip.each([1])'])
      expect(running(`${form}('one', () => {})`)).toEqual([false])
    expect(running(`describe.skip('a', () => { test('one', () => {}) })`)).toEqual([false])
    expect(running(`describe('a', () => { test('one', () => {}) })`)).toEqual([true])
  })
})

describe('a row', () => {
  const [first, second] = rowsWith([])
  if (!first || !second) throw new Error('there are no rows')
  const claim = (ids: string[], runs = true): Claim => {
    return { file: 'test/security/a.test.ts', line: 7, title: 'a', runs, ids }
  }
  const without = (id: string): string => `${id} has neither a test nor a reason why there is none`

  test('without a test and without a reason is a problem; a test that does not run is none', () => {
    const row = { id: 'A', holds: 'It holds.', tests: [] }
    expect(problemsIn([row], [], {})).toEqual([without('A')])
    expect(problemsIn([{ ...row, untested: 'Why.' }], [], {})).toEqual([])
    expect(problemsIn(rowsWith([claim([first.id])]), [])).not.toContain(without(first.id))
    expect(problemsIn(rowsWith([claim([first.id], false)]), [])).toContain(without(first.id))
  })

  test('with a test and a reason why there is none is a problem', () => {
    const row = { id: 'A', holds: 'It holds.', tests: ['test/a.test.ts'], untested: 'Why.' }
    expect(problemsIn([row], [], {})).toEqual(['A is said to have no test, but there is test/a.test.ts'])
  })

  test('that a title names, or that something is said of, and that nobody has written is a problem', () => {
    const row = { id: 'A', holds: 'It holds.', tests: ['test/a.test.ts'] }
    expect(problemsIn([row], [claim(['XX'])], {})).toEqual([
      'test/security/a.test.ts:7 carries XX, which is no row',
    ])
    expect(problemsIn([row], [], { B: 'Why.' })).toEqual(['B has a limit or a reason, but is no row'])
  })

  test('links its test files, each once, and what stands around the tables stays', () => {
    const [begin, end] = ['<!-- rows: written by scripts/threat-model.mjs -->', '<!-- end of the rows -->']
    const rows = rowsWith([claim([first.id]), claim([first.id, second.id])])
    const page = withTables(`before\n${begin}\na stale table\n${end}\nafter`, rows)
    expect(page).toContain(`| ${first.id} | ${first.holds} | [security/a](../test/security/a.test.ts) |`)
    expect(page).toMatch(/^before\n<!--[^]+<!-- end of the rows -->\nafter$/)
    expect(page).not.toContain('a stale table')
    expect(withTables(page, rows)).toBe(page)
    expect(() => withTables('a page without marks', rows)).toThrow('needs the lines')
  })
})
