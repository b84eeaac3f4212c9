import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { checked, Refusal, text } from './refusal';
import type { PengaState } from './state';

const LIFE_SECONDS = 3600;
const OWNER = 7;

const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** What the demo clinic's owner logs in with. */
export const CREDENTIALS = { email: 'owner@bright-smiles.example.com', password: 'Sandbox-Only-1!' } as const;

/** Tokens like the vendor's: HS256 JWTs that are valid for one hour of the sandbox's clock. */
export function tokens(now: () => Date): { issue: () => string; isValid: (token: string) => boolean } {
  const secret = randomBytes(32);
  const sign = (content: string): Buffer => createHmac('sha256', secret).update(content).digest();
  const seconds = (): number => Math.floor(now().getTime() / 1000);
  return {
    issue: () => {
      const claims = { iss: 'penga-uk', sub: OWNER, iat: seconds(), exp: seconds() + LIFE_SECONDS };
      const content = `${encoded({ typ: 'JWT', alg: 'HS256' })}.${encoded(claims)}`;
      return `${content}.${sign(content).toString('base64url')}`;
    },
    isValid: (token) => {
      const [header = '', claims = '', signature = ''] = token.split('.');
      const given = Buffer.from(signature, 'base64url');
      const right = sign(`${header}.${claims}`);
      if (given.length !== right.length || !timingSafeEqual(given, right)) return false;
      return (JSON.parse(Buffer.from(claims, 'base64url').toString()) as { exp: number }).exp > seconds();
    },
  };
}

/** `POST auth/login`, and a token on everything else. */
export function authenticate(app: FastifyInstance, state: PengaState): void {
  const { issue, isValid } = tokens(() => state.now());
  app.addHook('onRequest', ({ url, headers }, _reply, done) => {
    const isOpen = url.startsWith('/_sandbox/') || url.split('?')[0] === '/auth/login';
    const token = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
    done(
      isOpen || (token !== undefined && isValid(token)) ? undefined : new Refusal(401, 'Unauthenticated.'),
    );
  });
  app.post('/auth/login', ({ body }) => {
    const given = checked(body, {
      required: ['email', 'password'],
      checks: { email: text(255), password: text(20) },
    });
    const fits =
      String(given['email']).toLowerCase() === CREDENTIALS.email &&
      given['password'] === CREDENTIALS.password;
    if (!fits) throw new Refusal(401, 'Unauthenticated.');
    return { token: issue() };
  });
}
