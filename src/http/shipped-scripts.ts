import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** Scripts that packages ship for browsers, served as they are: the name they get → the file. Never copied into this repository. */
export function shippedScripts(): Record<string, string> {
  const entry = createRequire(import.meta.url).resolve('@simplewebauthn/browser')
  return { 'webauthn.js': join(dirname(entry), '../dist/bundle/index.umd.min.js') }
}
