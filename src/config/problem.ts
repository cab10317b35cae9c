/** One thing that is wrong with the configuration: where, what, and what to do about it. */
export interface Problem {
  variable: string
  problem: string
  remedy: string
}

/** Writes problems for a person at a terminal, one paragraph each. */
export function describeProblems(problems: readonly Problem[]): string {
  return problems.map(({ variable, problem, remedy }) => `${variable}: ${problem}.\n  ${remedy}.`).join('\n')
}
