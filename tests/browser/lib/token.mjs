// An app token as a back end signs it.
import { createHmac, randomUUID } from 'node:crypto';

export const nowS = () => Math.floor(Date.now() / 1000);
const b64 = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

// `claims` are the room, the role and whatever is to be otherwise than usual.
export function signToken(server, claims) {
  const { access_key: key, app_secret: secret } = server.keys;
  const text = `${b64({ alg: 'HS256', typ: 'JWT' })}.${b64({ access_key: key, type: 'app', version: 2,
    iat: nowS() - 60, nbf: nowS() - 60, exp: nowS() + 600, jti: randomUUID(), ...claims })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}
