import { spawn } from 'node:child_process'
import type { Terminal } from '../terminal.ts'

/** Each gets the address as one argument of its own; no shell ever reads it. */
const openers: Partial<Record<NodeJS.Platform, [command: string, ...args: string[]]>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
  linux: ['xdg-open'],
}

/** Shows an address in the person's browser; says false where there is none to be started. */
export async function openBrowser(terminal: Terminal, url: string): Promise<boolean> {
  if (terminal.openBrowser) return terminal.openBrowser(url)
  const { env } = terminal
  const [command, ...args] = openers[process.platform] ?? ['xdg-open']
  const hasScreen = process.platform !== 'linux' || Boolean(env['DISPLAY'] ?? env['WAYLAND_DISPLAY'])
  if (!hasScreen || env['SSH_CONNECTION']) return false
  return new Promise((resolve) => {
    const child = spawn(command, [...args, url], { env, stdio: 'ignore', detached: true })
    child.once('error', () => resolve(false))
    child.once('spawn', () => {
      child.unref()
      resolve(true)
    })
  })
}
