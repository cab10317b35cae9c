/**
 * The `cardea` command: one file a verb, gathered by main.ts. Verbs compose the rooms below, as the operators' way in: what
 * ends together (a user and their sessions, a client and its tokens) ends with one commit. Results go to standard output, as
 * lines or as JSON, everything else to standard error, and the exit code says how it went (refusal.ts).
 * The plural verbs do none of that: they ask the admin API (remote/), and completion/ is made from all of them.
 * It refuses secrets as arguments, and prints one only when it has just made it. Entered by bin/cardea.js alone.
 */
export { runCli } from './main.ts'
