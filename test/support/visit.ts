import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import type { Browser, BrowserContext, BrowserContextOptions, ConsoleMessage, Page } from 'playwright-core'

/** One person's browser on its way through a story. */
export type Visit = {
  context: BrowserContext
  page: Page
  /** Waits for the page of this heading, then judges it: accessible to axe-core, and nothing wider than the window. */
  sees: (heading: string | RegExp, page?: Page) => Promise<void>
}

export type VisitOptions = BrowserContextOptions & {
  /** Where requests may go. */
  origins: string[]
}

const PATIENCE_MS = 15_000

/**
 * Runs a story in a browser context of its own. Afterwards fails on whatever went wrong unseen: errors in the console, broken
 * scripts, violations of the content security policy, answers of 5xx, and any request that left for another host.
 */
export async function visit(
  browser: Browser,
  { origins, ...options }: VisitOptions,
  story: (visit: Visit) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(PATIENCE_MS)
  const problems = await watch(context, origins)
  try {
    const page = await context.newPage()
    const runsScripts = options.javaScriptEnabled !== false
    await story({
      context,
      page,
      sees: (heading, seen = page) => see(seen, heading, { runsScripts }),
    })
    const found = problems()
    if (found.length > 0) throw new Error(`Went wrong unseen:\n${found.join('\n')}`)
  } catch (error) {
    const where = await Promise.all(context.pages().map(describe))
    throw new Error(`${(error as Error).message}\nThe browser was at:\n${where.join('\n')}`, { cause: error })
  } finally {
    await context.close()
  }
}

async function watch(context: BrowserContext, origins: string[]): Promise<() => string[]> {
  const problems: string[] = []
  const logged: ConsoleMessage[] = []
  const refusedPages = new Set<string>()
  // The page reports violations to its own console, where the browser logs them too; twice is better than not at all.
  await context.addInitScript(
    `addEventListener('securitypolicyviolation', (e) => console.error('CSP', e.violatedDirective, e.blockedURI))`,
  )
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') logged.push(message)
  })
  context.on('weberror', (error) => problems.push(`script: ${error.error().message}`))
  context.on('request', (request) => {
    const url = new URL(request.url())
    if (url.protocol !== 'data:' && !origins.includes(url.origin)) problems.push(`request to ${url.origin}`)
  })
  context.on('response', (response) => {
    if (response.status() >= 500) problems.push(`${response.status()} from ${response.url()}`)
    if (response.status() >= 400 && response.request().isNavigationRequest()) refusedPages.add(response.url())
  })
  return () => [
    ...problems,
    ...logged
      // A page with a 4xx status is one that the story is about; the browser calls it an error.
      .filter((message) => !(isStatusNote(message) && refusedPages.has(message.location().url)))
      .map((message) => `console: ${message.text()} at ${message.location().url}`),
  ]
}

function isStatusNote(message: ConsoleMessage): boolean {
  return /^Failed to load resource: the server responded with a status of 4\d\d/.test(message.text())
}

async function describe(page: Page): Promise<string> {
  const text = await page
    .locator('body')
    .innerText({ timeout: 1000 })
    .catch(() => '(no text)')
  return `${page.url()}\n${text.slice(0, 600)}`
}

async function see(
  page: Page,
  heading: string | RegExp,
  { runsScripts }: { runsScripts: boolean },
): Promise<void> {
  await page.getByRole('heading', { level: 1, name: heading }).waitFor()
  const [content, window] = await page.evaluate<[number, number]>(
    '[document.documentElement.scrollWidth, document.documentElement.clientWidth]',
  )
  if (content > window) throw new Error(`The page is ${content} px wide in a window of ${window} px.`)
  if (runsScripts) await judgeAccessibility(page)
}

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')
const judged = new Set<string>()

async function judgeAccessibility(page: Page): Promise<void> {
  const look = await appearance(page)
  if (judged.has(look)) return
  // Evaluated by the debugger, as the pages' own policy lets no script in; preloading would ask for files, which it forbids too.
  await page.evaluate(axe)
  const { violations } = await page.evaluate<AxeResults>('axe.run({ preload: false })')
  if (violations.length > 0) {
    const said = violations.map(({ id, help, nodes }) => `${id}: ${help}\n  ${nodes[0]?.html ?? ''}`)
    throw new Error(`axe-core finds:\n${said.join('\n')}`)
  }
  judged.add(look)
}

/** What makes a page another one for axe-core: its markup, but not what its texts and addresses say; the window, the colours. */
async function appearance(page: Page): Promise<string> {
  const html = (await page.content())
    .replaceAll(/(action|content|datetime|download|href|src|title|value)="[^"]+"/g, '$1')
    .replaceAll(/>[^<]*\S[^<]*</g, '>…<')
  const media = await page.evaluate<string>(
    'String([innerWidth, matchMedia("(prefers-color-scheme: dark)").matches])',
  )
  return `${media}\n${html}`
}
