import { useEffect, useState } from 'react';

import { invitationCode } from '../client/api';

// The code that this person may hand out to others; null while it is not known, and where there is
// none. The server decides: a role that somebody was given or lost says nothing about the link
// that brought the person here.
export function useInvite(token: string): string | null {
  const [code, setCode] = useState<string | null>(null);
  useEffect(() => {
    let current = true;
    void invitationCode(token).then((found) => {
      if (current) setCode(found);
    });
    return () => {
      current = false;
    };
  }, [token]);
  return code;
}
