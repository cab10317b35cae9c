// faults: what clients are told while machines, networks and receivers fail. Owns a run: two real server processes on a PostgreSQL of
// its own, TCP proxies before and behind them, clients that write down every answer, a receiver of logout notices, a plan of faults
// that a seed decides, and the checker that afterwards says which promises were broken.
// It refuses to know the server from inside: nothing here reads its state to judge it, but for the count of living refresh tokens.
// Entered by main.ts (`npm run faults`) and by the tests, which also feed the checker journals made by hand.
export type { Limits, Violation } from './check/check.ts'
export type * from './journal.ts'
export { describeRun, verdictLine } from './report.ts'
export { runFaults } from './run.ts'
export type { Run } from './run.ts'
