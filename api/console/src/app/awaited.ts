import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { api, BY_ITSELF, told } from '../contract/client';
import { useMay } from './session';

const EVERY_MS = 300_000;
/** What the screen itself shows comes first. */
const AFTER_MS = 2000;

/** How much has come for me: notes that call me and that I have not seen, and today's digests of deadlines. */
export function useAwaited(): number {
  const may = useMay();
  const [settled, setSettled] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(true), AFTER_MS);
    return () => clearTimeout(timer);
  }, []);
  const { data } = useQuery({
    queryKey: ['notices', 'awaited'],
    queryFn: () => told(api.GET('/api/v1/desk/awaited', { headers: BY_ITSELF })),
    enabled: settled && may('referral.read'),
    staleTime: EVERY_MS,
    refetchInterval: EVERY_MS,
  });
  return data === undefined ? 0 : data.mentions + data.digests;
}
