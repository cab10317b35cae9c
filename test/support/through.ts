import type { Answer, Ask } from './http-client.ts'
import type { TestServer } from './server.ts'

/** The same server as seen through a proxy that adds headers to each request, or by somebody who watches each answer. */
export function through(
  server: TestServer,
  {
    headers = {},
    onAnswer = () => undefined,
  }: { headers?: Record<string, string>; onAnswer?: (answer: Answer, path: string, asked: Ask) => void },
): TestServer {
  const wrap = (target: Pick<TestServer, 'ask'>) => {
    return async (path: string, asked: Ask = {}): Promise<Answer> => {
      const answer = await target.ask(path, { ...asked, headers: { ...headers, ...asked.headers } })
      onAnswer(answer, path, asked)
      return answer
    }
  }
  const instances = server.instances.map((instance) => ({ ...instance, ask: wrap(instance) }))
  return { ...server, ask: wrap(server), instances }
}
