import { expect } from '@jest/globals'
import type { Answer } from '../../../support/http-client.ts'

/** Waits for an answer and expects its status; shows what it said when it has another. */
export async function expectStatus(status: number, answer: Promise<Answer>): Promise<Answer> {
  const given = await answer
  expect({ status: given.status, text: given.status === status ? '' : given.text }).toEqual({
    status,
    text: '',
  })
  return given
}
