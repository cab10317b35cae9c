import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { shippedScripts } from './shipped-scripts.ts'

/** A file under its hashed path; the body never changes under that path, so it may be cached for ever. */
export interface Asset {
  body: Buffer
  type: string
  etag: string
}

export interface Assets {
  /** The path of an asset, `app.css` → `/assets/app.<hash>.css`. Throws on a name that does not exist. */
  href: (name: string) => string
  /** The asset served at a request path, or undefined. Matches whole paths, so no path can climb out. */
  find: (path: string) => Asset | undefined
}

const mediaTypes: Record<string, string> = {
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
}

/**
 * Reads the files of `publicDir` once, and those of `others` (the name to serve it under → the file), and gives each a path that
 * carries a digest of its content.
 */
export function createAssets(publicDir: string, others = shippedScripts()): Assets {
  const paths = new Map<string, string>()
  const files = new Map<string, Asset>()
  const own = readdirSync(publicDir, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => [name, join(publicDir, name)] as const)
  for (const [name, file] of [...own, ...Object.entries(others)]) {
    const extension = extname(name)
    const type = mediaTypes[extension]
    if (type === undefined) continue
    const body = readFileSync(file)
    const hash = createHash('sha256').update(body).digest('hex').slice(0, 16)
    const path = `/assets/${name.slice(0, -extension.length)}.${hash}${extension}`
    paths.set(name, path)
    files.set(path, { body, type, etag: `"${hash}"` })
  }
  return {
    href(name) {
      const path = paths.get(name)
      if (path === undefined) throw new Error(`No asset named ${name} in ${publicDir}`)
      return path
    },
    find: (path) => files.get(path),
  }
}
