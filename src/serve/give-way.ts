import { readdir, readFile } from 'node:fs/promises'
import { getPriority, setPriority } from 'node:os'

/** What a thread of the pool is called where threads have names, and by how much it comes after the others. */
const POOL_THREAD = 'libuv-worker'
const [NICER_BY, LEAST_URGENT] = [5, 19]

/**
 * Lets the threads that hash passwords come after the one that everything else waits for; at the start of a process. Only Linux gives
 * threads a niceness of their own; elsewhere, and where that is not allowed, all stay as they are.
 */
export async function giveWay(tasks = '/proc/self/task'): Promise<void> {
  // Being asynchronous, this look starts the threads of the pool.
  const threads = await readdir(tasks).catch(() => [])
  const niceness = Math.min(getPriority() + NICER_BY, LEAST_URGENT)
  for (const thread of threads) {
    const name = await readFile(`${tasks}/${thread}/comm`, 'utf8').catch(() => '')
    if (name.trim() === POOL_THREAD) setNiceness(Number(thread), niceness)
  }
}

function setNiceness(thread: number, niceness: number): void {
  try {
    setPriority(thread, niceness)
  } catch {
    // A sandbox may forbid it: slower in a crowd, and no reason not to start.
  }
}
