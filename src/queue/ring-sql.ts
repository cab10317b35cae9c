import type { Task } from './task.ts'

/**
 * For a statement of another room that writes rows of an outbox: the expression that asks for a round through each lane. It must
 * be selected from, or nothing is asked for. `lane` is SQL of that room's, never input.
 */
export function ringSql(task: Task<{ lane: string }>, lane: string): string {
  return `graphile_worker.add_job('${task.name}', json_build_object('lane', ${lane}), max_attempts => ${task.maxAttempts}, priority => ${task.priority})`
}
