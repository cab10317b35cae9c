import { availableParallelism } from 'node:os'
import type { Config } from '../config/index.ts'

/** So many processes answer on the public port. */
export function workerCount(workers: Config['workers'], cores = availableParallelism()): number {
  return workers === 'auto' ? cores : workers
}

/** Password hashes that one of several workers may run at once: together they leave a core to the tokens, where there is more than one. */
export function hashesAtOnce(
  configured: number,
  workers: Config['workers'],
  cores = availableParallelism(),
): number {
  return configured || Math.max(1, Math.floor((cores - 1) / workerCount(workers, cores)))
}
