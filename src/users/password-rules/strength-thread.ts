/**
 * The thread that holds zxcvbn and its dictionaries (some 60 MB), so that neither loading them nor a long password stops the
 * process from answering. Takes `{ id, password, words }`, answers `{ id, finding }`. Lives no longer than strength.ts wants it to.
 */
import { parentPort } from 'node:worker_threads'
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import { adjacencyGraphs, dictionary as common } from '@zxcvbn-ts/language-common'
import { dictionary as english } from '@zxcvbn-ts/language-en'
import type { Finding } from './weakness.ts'

/** Looked at from either end. Beyond that a password is judged by its better half: the work stays some 50 ms for the worst input. */
const LOOKED_AT = 64

const zxcvbn = new ZxcvbnFactory({
  dictionary: { ...common, ...english },
  graphs: adjacencyGraphs,
  maxLength: LOOKED_AT,
  // Reading p4$$w0rd back multiplies with every sign: the hundred that zxcvbn tries by itself cost a second.
  l33tMaxSubstitutions: 10,
})

function find(password: string, words: string[]): Finding {
  const first = look(password.slice(0, LOOKED_AT), words)
  if (password.length <= LOOKED_AT) return first
  const last = look(password.slice(-LOOKED_AT), words)
  return last.score > first.score ? last : first
}

function look(part: string, words: string[]): Finding {
  const { score, feedback, sequence } = zxcvbn.check(part, words)
  return { score, warning: feedback.warning, patterns: sequence.map(({ pattern }) => pattern) }
}

parentPort?.on('message', ({ id, password, words }: { id: number; password: string; words: string[] }) => {
  parentPort?.postMessage({ id, answer: find(password, words) })
})
parentPort?.postMessage({ ready: true })
