/**
 * The environment, read once and turned into a frozen Config: every variable, its default, its meaning and what
 * production asks of it stand in `variables.ts`, from which the reference table in the docs is made as well.
 * Pure: values and file contents are passed in. It refuses to guess; all problems are reported at once, with the
 * variable's name and what to do, and never with a secret's value. Only entry points enter; the table of
 * acr values and what a loopback host is are shared with the rooms that decide by them.
 */
export { acrFactors, MULTI_FACTOR_ACR } from './acr-table.ts'
export type { AcrFactor, AcrLevel } from './acr-table.ts'
export type { Config } from './config.ts'
export { isLoopback } from './loopback.ts'
export { parseConfig, type ConfigSource } from './parse-config.ts'
export { describeProblems, type Problem } from './problem.ts'
export { configReference } from './reference.ts'
