import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';
import { useEffect, useState } from 'react';
import { api, told } from '../contract/client';
import { catalogue, useWords } from '../words/catalogue';
import { Failure } from './Failure';
import './photos.css';

const words = catalogue(
  {
    show: (n: number) => `查看照片（${n} 张，查看留痕）`,
    hide: '收起照片',
    photo: (n: number) => `照片 ${n}`,
    any: '照片',
    none: '此次核查没有照片。',
  },
  {
    show: (n: number) => `Show ${n} photos (kept on record)`,
    hide: 'Put the photos away',
    photo: (n: number) => `Photo ${n}`,
    any: 'Photos',
    none: 'This visit has no photos.',
  },
);

/** The pictures of a visit, fetched only when somebody asks to see them: each look is written down. */
export function Photos({ ids }: { ids: string[] }): ReactElement | null {
  const t = useWords(words);
  const [open, setOpen] = useState(false);
  if (ids.length === 0) return null;
  return (
    <>
      <button type="button" className="linkish" aria-expanded={open} onClick={() => setOpen(!open)}>
        {open ? t.hide : t.show(ids.length)}
      </button>
      {open ? (
        <div className="photos-shown">
          {ids.map((id, at) => (
            <Picture key={id} id={id} alt={t.photo(at + 1)} />
          ))}
        </div>
      ) : null}
    </>
  );
}

/** The pictures of a visit, which are first looked for when somebody asks. */
export function PhotosOf({ visit }: { visit: string }): ReactElement {
  const t = useWords(words);
  const [wanted, setWanted] = useState(false);
  const { data, error, refetch } = usePhotos(visit, wanted);
  if (!wanted) {
    return (
      <button type="button" className="linkish" onClick={() => setWanted(true)}>
        {t.any}
      </button>
    );
  }
  if (error !== null) return <Failure error={error} onRetry={() => void refetch()} kept={false} />;
  if (data?.length === 0) return <span className="quiet">{t.none}</span>;
  return <Photos ids={data ?? []} />;
}

/** Return the ids of a visit's pictures, once wanted. */
export function usePhotos(visit: string, wanted = true) {
  return useQuery({
    queryKey: ['photos', visit],
    queryFn: () => told(api.GET('/api/v1/follow-ups/{follow_up}/photos', { params: { path: { follow_up: visit } } })),
    select: (found) => found.map((one) => one.id),
    staleTime: 300_000,
    enabled: wanted,
  });
}

function Picture({ id, alt }: { id: string; alt: string }): ReactElement | null {
  const { data, error, refetch } = useQuery({
    queryKey: ['photo', id],
    queryFn: () => told(api.GET('/api/v1/photos/{photo_id}', { params: { path: { photo_id: id } }, parseAs: 'blob' })),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
  });
  const address = useObjectUrl(data as Blob | undefined);
  if (error !== null) return <Failure error={error} onRetry={() => void refetch()} kept={false} />;
  return address === '' ? null : <img src={address} alt={alt} />;
}

function useObjectUrl(data: Blob | undefined): string {
  const [address, setAddress] = useState('');
  useEffect(() => {
    if (data === undefined) return undefined;
    const made = URL.createObjectURL(data);
    setAddress(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);
  return address;
}
