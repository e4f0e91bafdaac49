// Room codes as people type and paste them: ten letters, written abc-defg-hij.

const CODE_IN_TEXT = /(?:^|[^a-z])([a-z]{3})-?([a-z]{4})-?([a-z]{3})(?:$|[^a-z])/;

// Finds the code in a code or in a link to a meeting, whoever serves it. Of a link only the
// path counts, or the host name would be searched too. Returns null when there is none.
export function parseCode(input: string): string | null {
  const text = input.trim().toLowerCase();
  const link = /^[a-z]+:\/\/[^/]*(\/[^?#]*)/.exec(text);
  const found = CODE_IN_TEXT.exec(link?.[1] ?? text);
  return found ? `${found[1]}-${found[2]}-${found[3]}` : null;
}

export function meetingPath(code: string): string {
  return `/m/${code}`;
}

export function meetingLink(origin: string, code: string): string {
  return origin + meetingPath(code);
}
