from airflow.sdk import DAGG
from missing_here import nothing
import config
from config import ABSENT
