"""Mail: written where something happens, sent by a job."""
